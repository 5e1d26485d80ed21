internal import Glibc

/// What a machine is told about the sandbox that it becomes: lines `key value`, ended by an empty one.
///
/// A machine that was restored from a snapshot is the copy of another until it has this; so all that makes it one of its own is here.
struct MachineBirth {
    /// The longest word of the host.
    static let limit = 16 << 10

    var sandbox = ""
    var hostname = "sandbox"
    var machineID = ""
    var user = ""
    var workspace = ""
    var home = ""
    /// For the kernel's random numbers.
    var entropy: [UInt8] = []
    /// Seconds and nanoseconds since 1970.
    var clock: (seconds: Int64, nanoseconds: Int64)?
    /// The machine ends with a connection that the host keeps.
    var hasLifeline = false
    /// Of the control group, by file name.
    var limits: [(file: String, value: String)] = []

    init(_ lines: [String]) throws(StartFailure) {
        for line in lines {
            let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { throw StartFailure("cannot understand the host's line '\(line)'") }
            let value = parts[1]
            switch parts[0] {
            case "sandbox": sandbox = value
            case "hostname": hostname = value
            case "machine-id": machineID = value
            case "user": user = value
            case "workspace": workspace = value
            case "home": home = value
            case "ends": hasLifeline = value == "with-its-maker"
            case "entropy": entropy = try MachineBirth.bytes(value)
            case "clock":
                let numbers = value.split(separator: " ").compactMap { Int64($0) }
                guard numbers.count == 2 else { throw StartFailure("'\(value)' is no time") }
                clock = (numbers[0], numbers[1])
            case "memory": limits += [("memory.max", value), ("memory.swap.max", "0")]
            case "processes": limits.append(("pids.max", value))
            case "processor-microseconds": limits.append(("cpu.max", "\(value) 100000"))
            default: throw StartFailure("the host says '\(parts[0])', which this guest does not know")
            }
        }
        guard !sandbox.isEmpty, !user.isEmpty, workspace.hasPrefix("/"), home.hasPrefix("/"), entropy.count >= 32 else {
            throw StartFailure("the host did not say all that a machine must know")
        }
    }

    private static func bytes(_ text: String) throws(StartFailure) -> [UInt8] {
        let digits = Array(text.utf8)
        var bytes: [UInt8] = []
        var index = 0
        while index + 1 < digits.count {
            guard let byte = UInt8(String(decoding: digits[index...index + 1], as: UTF8.self), radix: 16) else {
                throw StartFailure("the entropy is not in hexadecimal")
            }
            bytes.append(byte)
            index += 2
        }
        return bytes
    }
}
