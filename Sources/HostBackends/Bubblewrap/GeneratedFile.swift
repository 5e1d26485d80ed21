import SandboxCore
import SystemPackage

/// A file of the sandbox' /etc that says who it is, instead of the host's.
struct GeneratedFile: Equatable {
    var target: FilePath
    var content: String

    static func all(hostname: String) -> [GeneratedFile] {
        let user = BubblewrapPlan.insideUser
        return [
            GeneratedFile(
                target: "/etc/passwd",
                content: """
                    root:x:0:0:root:/root:/bin/sh
                    sandbox:x:\(user):\(user):sandbox:\(BubblewrapPlan.Place.home):/bin/sh
                    nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin

                    """),
            GeneratedFile(target: "/etc/group", content: "root:x:0:\nsandbox:x:\(user):\nnogroup:x:65534:\n"),
            GeneratedFile(target: "/etc/hosts", content: "127.0.0.1 localhost \(hostname)\n::1 localhost ip6-localhost ip6-loopback\n"),
            GeneratedFile(target: "/etc/hostname", content: hostname + "\n"),
        ]
    }
}
