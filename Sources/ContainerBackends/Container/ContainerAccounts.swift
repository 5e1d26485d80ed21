import SandboxCore
import SandboxProcess
import SystemPackage

/// An entry for the sandbox' user in the container's own lists of users and groups, so that programs find a name for it. The image stays as it is.
struct ContainerAccounts: Sendable, Equatable {
    var users: [UInt8]
    var groups: [UInt8]

    /// As of an image without any.
    static let none = ContainerAccounts(users: Array("root:x:0:0:root:/root:/bin/sh\n".utf8), groups: Array("root:x:0:\n".utf8))

    /// Nil when the user and its group are known already.
    func adding(_ user: SpawnRequest.User) -> ContainerAccounts? {
        var added = self
        if !Self.knows(users, number: user.uid) {
            let name = Self.free(users, "sandbox", user.uid)
            added.users = Self.line(users, "\(name):x:\(user.uid):\(user.gid)::\(ContainerPlan.Place.home):/bin/sh")
        }
        if !Self.knows(groups, number: user.gid) {
            added.groups = Self.line(groups, "\(Self.free(groups, "sandbox", user.gid)):x:\(user.gid):")
        }
        return added == self ? nil : added
    }

    /// What goes into the container.
    var entries: [TapeArchive.Entry] { [.bytes("/etc/passwd", mode: 0o644, users), .bytes("/etc/group", mode: 0o644, groups)] }

    private static func fields(_ list: [UInt8]) -> [[String]] {
        String(decoding: list, as: UTF8.self).split(separator: "\n").map { line in
            line.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        }
    }

    private static func knows(_ list: [UInt8], number: UInt32) -> Bool { fields(list).contains { $0.count > 2 && $0[2] == "\(number)" } }

    private static func free(_ list: [UInt8], _ name: String, _ number: UInt32) -> String {
        fields(list).contains { $0.first == name } ? "\(name)-\(number)" : name
    }

    private static func line(_ list: [UInt8], _ text: String) -> [UInt8] {
        list + (list.isEmpty || list.last == 10 ? [] : [10]) + Array((text + "\n").utf8)
    }
}
