internal import CSandlotMachine
internal import Glibc

/// The file systems of a machine: a read-only image beneath, a disk of the sandbox' own above, and the kernel's trees.
enum MachineRoot {
    private static let image = "/image"
    private static let scratch = "/scratch"
    private static let root = "/root"

    private static let plain = UInt(SANDLOT_MOUNT_NO_SETUID | SANDLOT_MOUNT_NO_DEVICES)
    private static let inert = UInt(SANDLOT_MOUNT_NO_SETUID | SANDLOT_MOUNT_NO_DEVICES | SANDLOT_MOUNT_NO_EXEC)

    /// What the machine needs before it can look for its devices.
    static func prepare() throws(StartFailure) {
        for folder in ["/proc", "/sys", "/dev", image, scratch, root] { mkdir(folder, 0o755) }
        try mount("proc", "/proc", "proc", inert)
        try mount("sysfs", "/sys", "sysfs", inert)
        try mount("devtmpfs", "/dev", "devtmpfs", UInt(SANDLOT_MOUNT_NO_SETUID | SANDLOT_MOUNT_NO_EXEC))
    }

    /// The same for every sandbox of an image, so it may be part of a snapshot.
    static func mountImage(_ disk: String) throws(StartFailure) {
        try mount(disk, image, "ext4", plain | UInt(SANDLOT_MOUNT_READ_ONLY), "noload")
    }

    /// Puts the sandbox' own disk above the image and enters.
    static func enter(_ disk: String, _ birth: MachineBirth) throws(StartFailure) {
        try mount(disk, scratch, "ext4", plain, "noinit_itable")
        let upper = scratch + "/upper"
        let work = scratch + "/work"
        for folder in [upper, work] where mkdir(folder, 0o755) != 0 { throw StartFailure("cannot make \(folder)", errno: errno) }
        try mount("overlay", root, "overlay", plain, "lowerdir=\(image),upperdir=\(upper),workdir=\(work)")
        guard sandlot_machine_enter(root) == 0 else { throw StartFailure("cannot enter the image", errno: errno) }
        for folder in ["/proc", "/sys", "/dev", "/run", "/etc", "/.sandlot"] { mkdir(folder, 0o755) }
        try mount("sysfs", "/sys", "sysfs", inert | UInt(SANDLOT_MOUNT_READ_ONLY))
        try mount("cgroup2", "/sys/fs/cgroup", "cgroup2", inert)
        try mount("tmpfs", "/run", "tmpfs", plain, "mode=0755,size=64m")
        try mount("tmpfs", "/.sandlot", "tmpfs", inert, "mode=0711,size=1m")
        try makeDevices()
        mkdir("/tmp", 0o1777)
        // The creation mask must not narrow it.
        chmod("/tmp", 0o1777)
        try write("/etc/hostname", birth.hostname + "\n")
        try write("/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n127.0.1.1 \(birth.hostname)\n")
        if !birth.machineID.isEmpty { try write("/etc/machine-id", birth.machineID + "\n") }
    }

    /// Those that every program may expect, and none of the machine's own.
    private static func makeDevices() throws(StartFailure) {
        try mount("tmpfs", "/dev", "tmpfs", UInt(SANDLOT_MOUNT_NO_SETUID | SANDLOT_MOUNT_NO_EXEC), "mode=0755,size=1m")
        let numbers: [(name: String, minor: UInt32)] = [("null", 3), ("zero", 5), ("full", 7), ("random", 8), ("urandom", 9)]
        for (name, minor) in numbers { try makeDevice("/dev/" + name, major: 1, minor: minor) }
        try makeDevice("/dev/tty", major: 5, minor: 0)
        for folder in ["/dev/pts", "/dev/shm"] { mkdir(folder, 0o755) }
        try mount(
            "devpts", "/dev/pts", "devpts", UInt(SANDLOT_MOUNT_NO_SETUID | SANDLOT_MOUNT_NO_EXEC), "newinstance,ptmxmode=0666,mode=0620")
        try mount("tmpfs", "/dev/shm", "tmpfs", plain, "mode=1777,size=50%")
        for (target, link) in [
            ("pts/ptmx", "ptmx"), ("/proc/self/fd", "fd"), ("/proc/self/fd/0", "stdin"), ("/proc/self/fd/1", "stdout"),
            ("/proc/self/fd/2", "stderr"),
        ] { symlink(target, "/dev/" + link) }
    }

    private static func makeDevice(_ path: String, major: UInt32, minor: UInt32) throws(StartFailure) {
        guard mknod(path, mode_t(S_IFCHR) | 0o666, dev_t(major << 8 | minor)) == 0, chmod(path, 0o666) == 0 else {
            throw StartFailure("cannot make \(path)", errno: errno)
        }
    }

    /// Process 1 of the sandbox sees its own processes only when this is mounted by itself.
    static func mountProcesses() throws(StartFailure) { try mount("proc", "/proc", "proc", inert) }

    /// The group that the sandbox' processes live in, and its limits.
    static func makeGroup(_ limits: [(file: String, value: String)]) throws(StartFailure) {
        try write("/sys/fs/cgroup/cgroup.subtree_control", "+memory +pids +cpu")
        guard mkdir(group, 0o755) == 0 else { throw StartFailure("cannot make \(group)", errno: errno) }
        for (file, value) in limits {
            // A kernel without swap has no limit of it.
            if file == "memory.swap.max", access("\(group)/\(file)", F_OK) != 0 { continue }
            try write("\(group)/\(file)", value)
        }
    }

    static func joinGroup() throws(StartFailure) { try write(group + "/cgroup.procs", "0") }

    private static let group = "/sys/fs/cgroup/sandbox"

    static func write(_ path: String, _ text: String) throws(StartFailure) {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw StartFailure("cannot open \(path)", errno: errno) }
        defer { close(file) }
        let bytes = Array(text.utf8)
        guard Glibc.write(file, bytes, bytes.count) == bytes.count else { throw StartFailure("cannot write \(path)", errno: errno) }
    }

    private static func mount(
        _ source: String, _ target: String, _ type: String, _ flags: UInt, _ data: String? = nil
    ) throws(StartFailure) {
        guard sandlot_machine_mount(source, target, type, flags, data) == 0 else {
            throw StartFailure("cannot mount \(type) at \(target)", errno: errno)
        }
    }
}
