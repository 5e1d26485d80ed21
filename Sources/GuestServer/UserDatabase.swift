internal import Glibc
internal import GuestProtocol

/// Who a command runs as.
struct Identity: Equatable {
    var userID: UInt32
    var groupID: UInt32
    var supplementaryGroups: [UInt32]
    /// Empty when the user has no entry.
    var name: [UInt8]
    /// Empty when the user has no entry.
    var home: [UInt8]
}

/// The sandbox's /etc/passwd and /etc/group, read anew for every question (they may change) by a parser of our own: a static libc has no name service.
struct UserDatabase {
    var passwdPath = "/etc/passwd"
    var groupPath = "/etc/group"

    /// Resolves `name`, `number`, or either with `:group`.
    func identity(of text: [UInt8]) throws(GuestFailure) -> Identity {
        let parts = text.split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false).map(Array.init)
        guard let user = parts.first, !user.isEmpty, parts.count == 1 || !parts[1].isEmpty else {
            throw GuestFailure(.invalidArgument, message: "user must be a name, a number or user:group")
        }
        let entries = lines(of: passwdPath).filter { $0.count >= 6 }
        let number = UserDatabase.number(user)
        let entry = entries.first { $0[0] == user } ?? entries.first { number != nil && UserDatabase.number($0[2]) == number }
        var identity: Identity
        if let entry, let userID = UserDatabase.number(entry[2]), let groupID = UserDatabase.number(entry[3]) {
            identity = Identity(userID: userID, groupID: groupID, supplementaryGroups: [], name: entry[0], home: entry[5])
        } else if let number {
            // Without an entry the group of the same number, never root's.
            identity = Identity(userID: number, groupID: number, supplementaryGroups: [], name: [], home: [])
        } else {
            throw GuestFailure(.notFound, message: "no user \(String(decoding: user, as: UTF8.self)) in \(passwdPath)")
        }
        let groups = lines(of: groupPath).filter { $0.count >= 4 }
        if !identity.name.isEmpty {
            identity.supplementaryGroups = groups.compactMap { group in
                group[3].split(separator: UInt8(ascii: ",")).contains { Array($0) == identity.name } ? UserDatabase.number(group[2]) : nil
            }
        }
        if parts.count == 2 {
            let named = groups.first { $0[0] == parts[1] }.flatMap { UserDatabase.number($0[2]) }
            guard let groupID = named ?? UserDatabase.number(parts[1]) else {
                throw GuestFailure(.notFound, message: "no group \(String(decoding: parts[1], as: UTF8.self)) in \(groupPath)")
            }
            identity.groupID = groupID
        }
        if !identity.supplementaryGroups.contains(identity.groupID) { identity.supplementaryGroups.append(identity.groupID) }
        return identity
    }

    /// Digits only; the largest number means "no user" to the kernel.
    static func number(_ text: [UInt8]) -> UInt32? {
        guard !text.isEmpty, text.count <= 10, text.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        let value = text.reduce(UInt64(0)) { $0 * 10 + UInt64($1 - 0x30) }
        return value < UInt64(UInt32.max) ? UInt32(value) : nil
    }

    private func lines(of path: String) -> [[[UInt8]]] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var content: [UInt8] = []
        // The file belongs to the sandbox and may be anything; what is beyond 4 MiB is not a user database.
        while content.count < 4 << 20 {
            let got = withUnsafeTemporaryAllocation(byteCount: 16 << 10, alignment: 8) { buffer -> Int in
                let got = read(descriptor, buffer.baseAddress, buffer.count)
                if got > 0 { content.append(contentsOf: buffer[..<got]) }
                return got
            }
            if got <= 0 { break }
        }
        return content.split(separator: UInt8(ascii: "\n")).map { line in
            line.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false).map(Array.init)
        }
    }
}
