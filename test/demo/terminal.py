"""Runs a command on a new terminal: terminal.py COLUMNS COMMAND...

The command's output goes to stdout, and its exit code becomes the exit code of this program. Each line on stdin is an
order: `key HEX` sends bytes to the command, `resize COLUMNS` resizes the terminal, `close` closes it.
"""

import fcntl
import os
import pty
import select
import struct
import sys
import termios


def resize(terminal, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))


def serve(terminal):
    """Copies output and executes orders until the command ends or the terminal is closed."""
    orders = b""
    sources = [terminal, 0]
    while True:
        ready, _, _ = select.select(sources, [], [])
        if terminal in ready:
            try:
                output = os.read(terminal, 65536)
            except OSError:
                return
            if not output:
                return
            os.write(1, output)
        if 0 in ready:
            read = os.read(0, 4096)
            if not read:
                sources.remove(0)
            *lines, orders = (orders + read).split(b"\n")
            for line in lines:
                order, _, value = line.decode().partition(" ")
                if order == "key":
                    os.write(terminal, bytes.fromhex(value))
                elif order == "resize":
                    resize(terminal, int(value))
                elif order == "close":
                    os.close(terminal)
                    return


process, terminal = pty.fork()
if process == 0:
    # The size must be set before the command reads it.
    resize(0, int(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])
serve(terminal)
code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
sys.exit(code if code >= 0 else 128 - code)
