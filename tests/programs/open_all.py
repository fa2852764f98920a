import ctypes, os
for top, _, names in sorted(os.walk('/usr')):
    for path in sorted(os.path.join(top, name) for name in names if '.so' in name):
        if os.path.islink(path) or open(path, 'rb').read(4) != b'\x7fELF': continue
        child = os.fork()
        if not child:
            os.dup2(os.open('/dev/null', os.O_RDWR), 2)
            try: ctypes.CDLL(path, os.RTLD_NOW)
            except OSError: os._exit(1)
            os._exit(0)
        print(os.waitpid(child, 0)[1], path)
