//! The pair's job in Zig, without libc, arguments or texts. The module `options` has the name and
//! the role.
const options = @import("options");
const std = @import("std");
const linux = std.os.linux;

const size = 4_000_000_000;
const path: [*:0]const u8 = "/dev/shm/" ++ options.name;

fn failed(result: usize) bool {
    return linux.errno(result) != .SUCCESS;
}

fn write() bool {
    _ = linux.unlinkat(linux.AT.FDCWD, path, 0);
    const flags: linux.O = .{ .ACCMODE = .RDWR, .CREAT = true, .EXCL = true, .CLOEXEC = true };
    const fd = linux.openat(linux.AT.FDCWD, path, flags, 0o644);
    if (failed(fd) or failed(linux.ftruncate(@intCast(fd), size))) return false;
    const rights: linux.PROT = .{ .READ = true, .WRITE = true };
    const start = linux.mmap(null, size, rights, .{ .TYPE = .SHARED }, @intCast(fd), 0);
    if (failed(start)) return false;
    _ = linux.close(@intCast(fd));
    const columns: *volatile [3]i64 = @ptrFromInt(start);
    columns.* = .{ 100, 876, 8021 };
    _ = linux.munmap(@ptrFromInt(start), size);
    return true;
}

fn read() bool {
    const flags: linux.O = .{ .ACCMODE = .RDONLY, .CLOEXEC = true };
    const fd = linux.openat(linux.AT.FDCWD, path, flags, 0);
    if (failed(fd)) return false;
    const end = linux.lseek(@intCast(fd), 0, linux.SEEK.END);
    if (failed(end) or end < 24) return false;
    const rights: linux.PROT = .{ .READ = true };
    const start = linux.mmap(null, 24, rights, .{ .TYPE = .SHARED }, @intCast(fd), 0);
    if (failed(start)) return false;
    _ = linux.close(@intCast(fd));
    const columns: *volatile [3]i64 = @ptrFromInt(start);
    const values = columns.*;
    var line: [80]u8 = undefined;
    const text = std.fmt.bufPrint(&line, "&{{{d} {d} {d}}}\n", .{ values[0], values[1], values[2] }) catch
        return false;
    _ = linux.munmap(@ptrFromInt(start), 24);
    return linux.write(1, text.ptr, text.len) == text.len;
}

pub fn main() u8 {
    return if (if (options.reads) read() else write()) 0 else 1;
}
