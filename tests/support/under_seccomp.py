"""Runs a program under a systemd SystemCallFilter: under_seccomp.py "@set @set" PROGRAM ARG…

Any other system call ends the program by SIGSYS, as under systemd. The sets are those of the
machine's own systemd-analyze.
"""

import ctypes
import os
import subprocess
import sys

KILL_PROCESS, ALLOW = 0x80000000, 0x7FFF0000
PR_SET_NO_NEW_PRIVS = 38


def system_calls(names):
    listing = subprocess.run(
        ["systemd-analyze", "syscall-filter"], capture_output=True, text=True, check=True
    ).stdout
    sets, current = {}, None
    for line in listing.splitlines():
        if line.startswith("@"):
            current = sets.setdefault(line.strip(), [])
        elif line.startswith("    ") and current is not None and "#" not in line:
            current.append(line.strip())

    def members(name):
        if not name.startswith("@"):
            return {name}
        return set().union(*map(members, sets[name]))

    return set().union(*map(members, names))


lib = ctypes.CDLL("libseccomp.so.2")
lib.seccomp_init.restype = ctypes.c_void_p
lib.seccomp_init.argtypes = [ctypes.c_uint32]
lib.seccomp_rule_add.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint]
lib.seccomp_load.argtypes = [ctypes.c_void_p]
allowed = lib.seccomp_init(KILL_PROCESS)
for call in system_calls(sys.argv[1].split()):
    number = lib.seccomp_syscall_resolve_name(call.encode())
    if number >= 0:
        lib.seccomp_rule_add(allowed, ALLOW, number, 0)
ctypes.CDLL(None).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
if lib.seccomp_load(allowed) != 0:
    sys.exit("the filter cannot be loaded")
os.execvp(sys.argv[2], sys.argv[2:])
