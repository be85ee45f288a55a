"""A service manager as sd_notify(3) knows it: prints each datagram as a line of JSON, {"text", "pid", "descriptors"}.

usage: service-manager.py SOCKET|@NAME

Descriptors stay open until a line comes on standard input, which is what a barrier waits for. A line "close" ends it.
"""
import array, json, os, select, socket, struct, sys

address = sys.argv[1]
server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
server.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
server.bind("\0" + address[1:] if address.startswith("@") else address)
print("listening", flush=True)
held = []
while True:
    ready = select.select([server, 0], [], [])[0]
    if server in ready:
        data, controls, _, _ = server.recvmsg(65536, 4096)
        descriptors, pid = [], None
        for _, kind, content in controls:
            if kind == socket.SCM_RIGHTS:
                descriptors += array.array("i", content)
            elif kind == 2:
                pid = struct.unpack("iII", content)[0]
        held += descriptors
        print(json.dumps({"text": data.decode(), "pid": pid, "descriptors": len(descriptors)}), flush=True)
    if 0 in ready:
        if os.read(0, 100) == b"":
            break
        for descriptor in held:
            os.close(descriptor)
        held = []
