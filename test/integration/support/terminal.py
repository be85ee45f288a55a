"""Runs a command on a terminal of its own and plays the person in front of it.

usage: terminal.py STEPS COMMAND...

STEPS is a JSON list; each step waits until "expect" (a regular expression) appears in what was printed since the last
step, then does what it has: "type" text, "resize" to [rows, columns], send the command a "signal", or send one to
"group". At the end one line of JSON tells the exit status, the output, whether the terminal was raw at each step, and
whether it was left as it was found.
"""
import fcntl, json, os, pty, re, select, signal, struct, sys, termios, time

steps = json.loads(sys.argv[1])
master, slave = pty.openpty()
fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
found = termios.tcgetattr(slave)
child = os.fork()
if child == 0:
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for descriptor in (0, 1, 2):
        os.dup2(slave, descriptor)
    os.closerange(3, 256)
    os.execvp(sys.argv[2], sys.argv[2:])

output = ""
seen = 0
raw = []
problem = None
# Thirty commands in one session, on Node and a busy machine, take half a minute.
deadline = time.monotonic() + 120
status = None


def pump(seconds):
    global output
    ready, _, _ = select.select([master], [], [], seconds)
    if not ready:
        return False
    try:
        data = os.read(master, 65536)
    except OSError:
        return False
    output += data.decode("utf-8", "replace")
    return bool(data)


def act(step):
    raw.append(not termios.tcgetattr(slave)[3] & termios.ICANON)
    if "resize" in step:
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *step["resize"], 0, 0))
    if "type" in step:
        os.write(master, step["type"].encode())
    if "signal" in step:
        os.kill(child, getattr(signal, step["signal"]))


while status is None:
    pump(0.02)
    if steps:
        match = re.compile(steps[0]["expect"], re.S).search(output, seen)
        if match:
            seen = match.end()
            act(steps.pop(0))
    ended, code = os.waitpid(child, os.WNOHANG)
    if ended:
        status = code
    elif time.monotonic() > deadline:
        problem = "time is over before " + json.dumps(steps[0]["expect"] if steps else "the end")
        os.kill(child, signal.SIGTERM)
        time.sleep(0.5)
        os.kill(child, signal.SIGKILL)
        status = os.waitpid(child, 0)[1]
while pump(0.05):
    pass
print(json.dumps({
    "code": os.waitstatus_to_exitcode(status),
    "output": output,
    "raw": raw,
    "restored": termios.tcgetattr(slave) == found,
    "missed": [step["expect"] for step in steps],
    "problem": problem,
}))
