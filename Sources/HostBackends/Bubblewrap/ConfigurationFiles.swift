import Glibc
import SandboxCore
import SandboxProcess
import SystemPackage

/// What sandboxes see of the host's /etc: an allow-list, everything else there is the host's business. Folders that also hold private keys
/// (/etc/ssl/private) are named more exactly.
struct ConfigurationFiles {
    private static let names = [
        "alternatives", "bash.bashrc", "ca-certificates.conf", "crypto-policies", "debian_version", "fonts", "gai.conf", "host.conf",
        "inputrc", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "locale.alias", "locale.conf", "localtime", "login.defs", "magic",
        "magic.mime", "mime.types", "netconfig", "networks", "nsswitch.conf", "os-release", "perl", "pki/ca-trust", "pki/tls/certs",
        "profile", "profile.d", "protocols", "rpc", "services", "shells", "ssl/certs", "ssl/cert.pem", "ssl/openssl.cnf", "terminfo",
        "timezone", "xml",
    ]
    private static let prefixes = ["python3", "python2", "java-"]

    /// Each mount costs bwrap about a millisecond, a small file's copy a fiftieth of that; but each copy needs a descriptor.
    private static let copies = 44
    private static let largestCopy: Int64 = 256 << 10
    private static let largestFolder = 8

    var nodes: [BubblewrapPlan.Node] = []
    var files: [PlacedFile] = []

    /// Every name of the list that may be there.
    static func paths(network: NetworkPolicy) throws -> [FilePath] {
        let more = try HostDirectory.names(in: "/etc").filter { name in prefixes.contains { name.hasPrefix($0) } }.sorted()
        return (names + more + (network == .open ? ["resolv.conf"] : [])).map { FilePath("/etc/\($0)") }
    }

    init(network: NetworkPolicy) throws {
        for path in try Self.paths(network: network) {
            // The name servers' file is often a link into /run, which is not there inside: its content is what is wanted.
            if path.lastComponent == "resolv.conf" {
                guard let real = try? HostPaths.real(path, what: "the name servers' file") else { continue }
                files.append(PlacedFile(target: path, content: .host(real)))
            } else {
                try add(path, depth: 0)
            }
        }
    }

    private mutating func add(_ path: FilePath, depth: Int) throws {
        var status = stat()
        guard lstat(path.string, &status) == 0 else { return }
        switch status.st_mode & S_IFMT {
        case S_IFLNK: nodes += try SystemTree.node(path, at: path)
        case S_IFREG:
            // What ordinary users of the host cannot read is not for sandboxes either.
            guard status.st_mode & 0o004 != 0 else { return }
            if files.count < Self.copies, Int64(status.st_size) <= Self.largestCopy {
                files.append(PlacedFile(target: path, content: .host(path)))
            } else {
                nodes.append(.bind(source: path, target: path, readOnly: true))
            }
        case S_IFDIR:
            let names = depth < 2 ? try HostDirectory.names(in: path, limit: Self.largestFolder + 1).sorted() : []
            guard depth < 2, names.count <= Self.largestFolder, files.count + names.count <= Self.copies else {
                nodes.append(.bind(source: path, target: path, readOnly: true))
                return
            }
            nodes.append(.directory(path, mode: 0o755))
            for name in names { try add(path.appending(name), depth: depth + 1) }
        default: return
        }
    }
}
