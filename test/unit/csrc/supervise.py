"""Drives `tsoci-init supervise` from a terminal, for supervise.test.ts:

    python3 supervise.py STUB SCENARIO

The program under supervision is a child that becomes a shell; with a terminal it gets the inner one. Prints JSON.
"""
import errno
import fcntl
import json
import os
import pty
import select
import shutil
import signal
import socket
import struct
import sys
import tempfile
import termios
import time

STUB = sys.argv[1]
TIMEOUT = 10.0


def raw(descriptor):
    return termios.tcgetattr(descriptor)[3] & termios.ICANON == 0


def size(descriptor, rows, columns):
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))


class Session:
    """Someone at a terminal who runs the supervisor; `inner` gives the program a terminal of its own."""

    def __init__(self, script, inner=True, outer=True, foreground=True, arguments=()):
        self.text = b''
        self.marker = tempfile.mktemp()
        afterwards = ['--', '/bin/sh', '-c', 'echo deleted > ' + self.marker]
        self.afterwards = list(arguments) or afterwards
        self.tell, told = os.pipe()
        if outer:
            self.pid, self.master = pty.fork()
        else:
            self.input, self.master = os.pipe()
            read, self.keys = os.pipe()
            self.pid = os.fork()
            if self.pid == 0:
                os.dup2(read, 0)
                os.dup2(self.master, 1)
                os.setsid()
            os.close(self.master)
            self.master = self.input
        if self.pid == 0:
            self.become(script, inner, foreground, told)
        if outer:
            self.keys = self.master
        os.close(told)
        self.child = int(os.read(self.tell, 20))

    def become(self, script, inner, foreground, told):
        master = -1
        if inner:
            master, slave = os.openpty()
            os.set_inheritable(master, True)
        child = os.fork()
        if child == 0:
            os.setsid()
            if inner:
                fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
                for stream in range(3):
                    os.dup2(slave, stream)
            os.closerange(3, 100)
            os.execv('/bin/sh', ['sh', '-c', script])
        os.write(told, str(child).encode())
        if inner:
            os.close(slave)
        os.close(told)
        arguments = [STUB, 'supervise', str(child), str(master), *self.afterwards]
        if foreground:
            os.execve(STUB, arguments, {'PATH': '/usr/bin:/bin'})
        # A job in the background: a process group of its own that the terminal does not belong to.
        job = os.fork()
        if job == 0:
            os.setpgid(0, 0)
            os.execve(STUB, arguments, {'PATH': '/usr/bin:/bin'})
        os.write(1, b'job %d\n' % job)
        time.sleep(0.1)
        _, status = os.waitpid(job, os.WUNTRACED)
        os.write(1, b'stopped %d\n' % (os.WSTOPSIG(status) if os.WIFSTOPPED(status) else 0))
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        os.tcsetpgrp(0, job)
        os.kill(job, signal.SIGCONT)
        _, status = os.waitpid(job, 0)
        os.tcsetpgrp(0, os.getpgrp())
        os._exit(os.waitstatus_to_exitcode(status))

    def expect(self, what):
        """Reads until the output has `what`."""
        end = time.monotonic() + TIMEOUT
        while what not in self.text:
            if time.monotonic() > end:
                raise TimeoutError('no %r in %r' % (what, self.text))
            self.read(0.1)

    def read(self, timeout):
        if not select.select([self.master], [], [], timeout)[0]:
            return True
        try:
            got = os.read(self.master, 65536)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            got = b''
        self.text += got
        return got != b''

    def until(self, condition):
        end = time.monotonic() + TIMEOUT
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError(self.text)
            self.read(0.05)

    def listens(self):
        """Has the supervisor blocked all signals, to read them?"""
        with open('/proc/%d/status' % self.pid) as file:
            return 'SigBlk:\tf' in file.read()

    def write(self, keys):
        os.write(self.keys, keys)

    def finish(self):
        """Waits for the supervisor, reading on; its exit status as a shell tells it."""
        end = time.monotonic() + TIMEOUT
        while True:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() > end:
                os.kill(self.pid, signal.SIGKILL)
                raise TimeoutError(self.text)
            self.read(0.02)
        while self.read(0.05) and time.monotonic() < end and select.select([self.master], [], [], 0.05)[0]:
            pass
        deleted = os.path.exists(self.marker)
        if deleted:
            os.unlink(self.marker)
        return {'status': os.waitstatus_to_exitcode(status), 'deleted': deleted, 'text': self.text.decode()}


def status():
    return Session('exit 7').finish()


def tidied(extra=()):
    """A state directory and two cgroups, all of them plain directories here."""
    top = tempfile.mkdtemp()
    paths = [top + '/' + name for name in ('state', 'one', 'two')]
    for path in paths:
        os.mkdir(path)
    for name in ('state.json', 'config.json', *extra):
        open(paths[0] + '/' + name, 'w').close()
    marker = top + '/deleted'
    script = 'flock -n ' + paths[0] + ' echo free > ' + marker
    arguments = ['--tidy', *paths, '--', '/bin/sh', '-c', script]
    result = Session('exit 7', arguments=arguments).finish()
    result['left'] = [os.path.basename(path) for path in paths if os.path.exists(path)]
    result['deleted'] = open(marker).read() if os.path.exists(marker) else ''
    shutil.rmtree(top)
    return result


def untidy():
    return tidied(['somebody-elses'])


def killed():
    return Session('kill -TERM $$').finish()


def plain():
    return Session('echo out; exit 3', inner=False).finish()


def relays():
    session = Session('stty -echo; echo ready; read line; echo "got $line"')
    session.expect(b'ready')
    while_running = raw(session.master)
    session.write(b'keys\r')
    return {**session.finish(), 'raw': while_running, 'restored': not raw(session.master)}


def interrupt_key():
    session = Session('trap "echo caught; exit 5" INT; echo ready; while :; do sleep 0.1; done')
    session.expect(b'ready')
    session.write(b'\x03')
    return session.finish()


def much():
    session = Session('i=0; while [ $i -lt 20000 ]; do echo 0123456789012345678901234567890123456789; i=$((i+1)); done; echo end')
    return session.finish()


def last_words():
    """Output that is written just before the end, many times over."""
    lost = 0
    for _ in range(30):
        lost += b'last' not in Session('echo last').finish()['text'].encode()
    return {'lost': lost}


def held_open():
    """Someone in the background keeps the terminal open."""
    began = time.monotonic()
    result = Session('trap "" HUP; sleep 3 & echo started; exit 4').finish()
    return {**result, 'seconds': time.monotonic() - began}


def flooded():
    """Someone in the background goes on writing to the terminal, which is hung up and opened again."""
    writer = 'trap "" HUP; while :; do while echo noise; do sleep 0.02; done > $t; done 2> /dev/null'
    began = time.monotonic()
    session = Session("export t=$(tty); setsid sh -c '" + writer + "' & echo started $!; sleep 0.3; echo last; exit 4")
    try:
        result = session.finish()
    finally:
        os.kill(int(session.text.split(b'started ')[1].split()[0]), signal.SIGKILL)
    return {**result, 'seconds': time.monotonic() - began}


def unread():
    """Nobody takes the output, until somebody has enough of it."""
    script = 'i=0; while [ $i -lt 20000 ]; do echo 0123456789012345678901234567890123456789; i=$((i+1)); done; exit 4'
    session = Session(script, outer=False)
    time.sleep(0.3)
    os.kill(session.child, signal.SIGKILL)
    time.sleep(0.5)
    waits = os.waitpid(session.pid, os.WNOHANG)[0] == 0
    os.kill(session.pid, signal.SIGWINCH)
    time.sleep(0.1)
    waits = waits and os.waitpid(session.pid, os.WNOHANG)[0] == 0
    os.kill(session.pid, signal.SIGTERM)
    end = time.monotonic() + TIMEOUT
    while time.monotonic() < end:
        pid, status = os.waitpid(session.pid, os.WNOHANG)
        if pid:
            return {'status': os.waitstatus_to_exitcode(status), 'waits': waits, 'text': '', 'deleted': True}
        time.sleep(0.02)
    os.kill(session.pid, signal.SIGKILL)
    raise TimeoutError('deaf')


def stalled():
    """The terminal that shows the output takes no more of it; the program floods it. Signals get through."""
    session = Session('while :; do echo 0123456789012345678901234567890123456789; done')
    session.expect(b'0123')
    time.sleep(1)
    fields = open('/proc/%d/stat' % session.pid).read().rsplit(') ', 1)[1].split()
    ticks = int(fields[11]) + int(fields[12])
    time.sleep(1)
    fields = open('/proc/%d/stat' % session.pid).read().rsplit(') ', 1)[1].split()
    ticks = int(fields[11]) + int(fields[12]) - ticks
    end = time.monotonic() + TIMEOUT
    while time.monotonic() < end:
        os.kill(session.pid, signal.SIGTERM)
        pid, status = os.waitpid(session.pid, os.WNOHANG)
        if pid:
            return {'status': os.waitstatus_to_exitcode(status), 'ticks': ticks, 'text': '', 'deleted': True}
        time.sleep(0.1)
    os.kill(session.child, signal.SIGKILL)
    os.kill(session.pid, signal.SIGKILL)
    raise TimeoutError('deaf')


def resize():
    session = Session('trap "stty size; exit" WINCH; echo ready; while :; do sleep 0.05; done')
    session.expect(b'ready')
    session.until(lambda: raw(session.master))
    size(session.master, 44, 99)
    return session.finish()


def forwards():
    session = Session('trap "echo usr1" USR1; trap "exit 9" TERM; echo ready; while :; do sleep 0.05; done', inner=False)
    session.expect(b'ready')
    session.until(session.listens)
    os.kill(session.pid, signal.SIGUSR1)
    session.expect(b'usr1')
    os.kill(session.pid, signal.SIGTERM)
    return session.finish()


def crash():
    session = Session('echo ready; sleep 5')
    session.expect(b'ready')
    session.until(lambda: raw(session.master))
    os.kill(session.pid, signal.SIGSEGV)
    return {**session.finish(), 'restored': not raw(session.master)}


def background():
    session = Session('stty -echo; echo ready; read line; echo "got $line"', foreground=False)
    session.expect(b'stopped')
    stopped = int(session.text.split(b'stopped ')[1].split()[0])
    session.until(lambda: raw(session.master))
    session.write(b'keys\r')
    return {**session.finish(), 'stopped': stopped == signal.SIGTTIN}


def stop():
    session = Session('echo ready; read line; exit 6')
    session.expect(b'ready')
    session.until(lambda: raw(session.master))
    os.kill(session.pid, signal.SIGTSTP)
    _, status = os.waitpid(session.pid, os.WUNTRACED)
    while_stopped = os.WIFSTOPPED(status) and not raw(session.master)
    os.kill(session.pid, signal.SIGCONT)
    session.until(lambda: raw(session.master))
    session.write(b'go on\r')
    return {**session.finish(), 'cooked': while_stopped}


def piped():
    session = Session('stty -echo; echo ready; read line; echo "got $line"', outer=False)
    session.expect(b'ready')
    session.write(b'keys\n')
    os.close(session.keys)
    return session.finish()


def input_ends():
    session = Session('echo ready; sleep 0.5; echo still; exit 2', outer=False)
    os.close(session.keys)
    return session.finish()


def output_closed():
    session = Session('sleep 0.3; echo lost; sleep 0.2; exit 8', outer=False)
    os.close(session.master)
    session.master = os.open('/dev/null', os.O_RDONLY)
    return session.finish()


def no_program():
    return Session('exit 1', arguments=['--', '/does/not/exist']).finish()


class Notices:
    """Both ends of `--notify`: `say` writes as a container does, `told` is what the manager gets."""

    def __init__(self):
        self.directory = tempfile.mkdtemp()
        self.path = self.directory + '/socket'
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.manager, self.ours = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.manager.setblocking(False)
        for end in (self.socket, self.ours):
            end.set_inheritable(True)
        self.arguments = ['--notify', str(self.socket.fileno()), str(self.ours.fileno()), 'READY=1', 'ready: yes']
        self.arguments += ['--', '/bin/true']

    def say(self, *texts):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            for text in texts:
                end.sendto(text.encode(), self.path)

    def told(self):
        texts = []
        while True:
            try:
                texts.append(self.manager.recv(4096).decode())
            except BlockingIOError:
                return texts

    def waiting(self):
        """Datagrams that the supervisor has not read."""
        count = 0
        self.socket.setblocking(False)
        while True:
            try:
                self.socket.recv(65536)
                count += 1
            except BlockingIOError:
                return count

    def read(self):
        """Has the supervisor read all that was said?"""
        return not select.select([self.socket], [], [], 0)[0]


def notices():
    notices = Notices()
    session = Session('read go; exit 6', arguments=notices.arguments)
    notices.say('STATUS=1', 'MAINPID=1', 'READY=10', ' READY=1', 'ready=1', 'READY=1' + chr(0), 'READY=1\n' + 'x' * 5000, '')
    session.until(notices.read)
    early = notices.told()
    notices.say('A=1\nREADY=1\nB=2')
    session.until(notices.read)
    notices.say('READY=1', 'STOPPING=1')
    session.until(notices.read)
    session.write(b'go\n')
    result = session.finish()
    return {**result, 'told': early + notices.told(), 'left': notices.waiting()}


def last_notice():
    notices = Notices()
    notices.say(*['STATUS=1'] * 5, 'READY=1')
    return {**Session('exit 6', arguments=notices.arguments).finish(), 'told': notices.told()}


def busy_manager():
    notices = Notices()
    notices.ours.setblocking(False)
    filled = 0
    try:
        while True:
            notices.ours.send(b'before')
            filled += 1
    except BlockingIOError:
        pass
    session = Session('echo up; read go; exit 6', arguments=notices.arguments)
    session.expect(b'up')
    notices.say('READY=1')
    session.until(notices.read)
    session.until(session.listens)
    told = []
    session.until(lambda: told.extend(notices.told()) or 'ready: yes' in told)
    session.write(b'go\n')
    return {**session.finish(), 'told': told}


def small():
    session = Session('echo ready; sleep 0.3')
    session.expect(b'ready')
    with open('/proc/%d/smaps_rollup' % session.pid) as file:
        fields = dict(line.split()[:2] for line in file if line.startswith(('Anonymous', 'Rss')))
    return {**session.finish(), 'kib': int(fields['Anonymous:'])}


if __name__ == '__main__':
    print(json.dumps(globals()[sys.argv[2]]()))
