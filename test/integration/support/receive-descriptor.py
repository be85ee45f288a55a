"""Listens on a unix stream socket for one message with a descriptor, prints what came, and shows that the descriptor works.

usage: receive-descriptor.py SOCKET terminal|pidfd

terminal: prints {"payload", "termios", "size"} as a line of JSON, then copies what the terminal prints; standard input is
          typed into it. An init system closes its console and opens it again: the end is the end of standard input.
pidfd:    prints {"payload", "pid"}; then each line of standard input is a number of a signal that is sent through it.
"""
import fcntl, json, os, select, signal, socket, struct, sys, termios, time

path, kind = sys.argv[1:]
server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
server.bind(path)
server.listen(1)
print("listening", flush=True)
connection, _ = server.accept()
payload, descriptors, _, _ = socket.recv_fds(connection, 4096, 4)
assert len(descriptors) == 1, descriptors
descriptor = descriptors[0]
if kind == "pidfd":
    info = open(f"/proc/self/fdinfo/{descriptor}").read()
    pid = next(int(line.split()[1]) for line in info.splitlines() if line.startswith("Pid:"))
    print(json.dumps({"payload": payload.decode(), "pid": pid}), flush=True)
    for line in sys.stdin:
        signal.pidfd_send_signal(descriptor, int(line))
    sys.exit(0)
attributes = termios.tcgetattr(descriptor)
size = struct.unpack("HHHH", fcntl.ioctl(descriptor, termios.TIOCGWINSZ, bytes(8)))[:2]
print(json.dumps({
    "payload": payload.decode(),
    "terminal": os.isatty(descriptor),
    "onlcr": bool(attributes[1] & termios.ONLCR),
    "size": size,
}), flush=True)
while True:
    ready, _, _ = select.select([descriptor, 0], [], [])
    if 0 in ready:
        data = os.read(0, 4096)
        if not data:
            break
        os.write(descriptor, data)
    if descriptor in ready:
        try:
            os.write(1, os.read(descriptor, 4096))
        except OSError:  # Nobody has it open at the moment.
            time.sleep(0.05)
