import glob, subprocess, sys, os
for so in sorted(glob.glob(sys.base_prefix + '/lib/python3*/lib-dynload/*.so')):
  if '_tkinter' in so: continue
  for line in subprocess.run(['ldd', so], capture_output=True, text=True).stdout.splitlines():
    if ' => /' in line and not line.strip().startswith(('libc.', 'libm.', 'libpthread.', 'libdl.', 'libresolv.')): print(line.split()[0], line.split()[2])
