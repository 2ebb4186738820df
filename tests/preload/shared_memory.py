"""Shares memory between processes with multiprocessing.shared_memory, started in every way."""

import errno
import multiprocessing
import sys
from multiprocessing import shared_memory


def add(name, at):
    memory = shared_memory.SharedMemory(name=name)
    memory.buf[at] = at + 1
    memory.close()


def main():
    name = sys.argv[1]
    for method in ("fork", "spawn", "forkserver"):
        memory = shared_memory.SharedMemory(name=name, create=True, size=16)
        context = multiprocessing.get_context(method)
        children = [context.Process(target=add, args=(name, at)) for at in range(8)]
        for child in children:
            child.start()
        for child in children:
            child.join()
        assert bytes(memory.buf[:8]) == bytes(range(1, 9)), bytes(memory.buf[:8])
        try:
            shared_memory.SharedMemory(name=name, create=True, size=16)
            raise AssertionError("created twice")
        except FileExistsError as error:
            assert error.errno == errno.EEXIST
        memory.close()
        memory.unlink()
        try:
            shared_memory.SharedMemory(name=name)
            raise AssertionError("still there")
        except FileNotFoundError as error:
            assert error.errno == errno.ENOENT
        print(method)


if __name__ == "__main__":
    main()
