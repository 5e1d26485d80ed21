import Glibc
import SandboxCore
import SandboxProcess
import SystemPackage

/// What sandboxes see of the host's /etc: an allow-list, everything else there is the host's business. Folders that also hold private keys
/// (/etc/ssl/private) are named more exactly.
///
/// It is a list of what a directory with all of it would hold, and a fingerprint of that; making it reads no content.
struct ConfigurationFiles {
    private static let names = [
        "alternatives", "bash.bashrc", "ca-certificates.conf", "crypto-policies", "debian_version", "fonts", "gai.conf", "host.conf",
        "inputrc", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "locale.alias", "locale.conf", "localtime", "login.defs", "magic",
        "magic.mime", "mime.types", "netconfig", "networks", "nsswitch.conf", "os-release", "perl", "pki/ca-trust", "pki/tls/certs",
        "profile", "profile.d", "protocols", "rpc", "services", "shells", "ssl/certs", "ssl/cert.pem", "ssl/openssl.cnf", "terminfo",
        "timezone", "xml",
    ]
    private static let prefixes = ["python3", "python2", "java-"]

    /// What a directory of copies would hold.
    enum Entry: Equatable {
        case folder
        case link(String)
        /// A copy of the host's file.
        case copy(FilePath, isExecutable: Bool)
        case text(String)
        /// Where something too large to copy is mounted as it is.
        case mountPoint(isFolder: Bool)
    }

    private static let largestCopy: Int64 = 1 << 20
    private static let largestFolder = 1000
    private static let mostEntries = 4000
    private static let mostBytes: Int64 = 16 << 20
    private static let deepest = 5

    /// By path relative to /etc; folders come before what is in them.
    private(set) var entries: [(path: FilePath, entry: Entry)] = []
    /// What is mounted from the host as it is.
    private(set) var nodes: [BubblewrapPlan.Node] = []
    /// Another one as soon as anything of it differs.
    private(set) var fingerprint = Fingerprint()
    private var bytes: Int64 = 0

    /// Every name of the list that may be there.
    static func paths(network: NetworkPolicy) throws -> [FilePath] {
        let more = try HostDirectory.names(in: "/etc").filter { name in prefixes.contains { name.hasPrefix($0) } }.sorted()
        return (names + more + (network == .open ? ["resolv.conf"] : [])).map { FilePath("/etc/\($0)") }
    }

    init(network: NetworkPolicy, hostname: String) throws {
        for file in PlacedFile.identity(hostname: hostname) {
            record(Self.relative(file.target), .text(file.text), [file.text])
        }
        for path in try Self.paths(network: network) {
            // The name servers' file is often a link into /run, which is not there inside: its content is what is wanted.
            if path.lastComponent == "resolv.conf" {
                guard let real = try? HostPaths.real(path, what: "the name servers' file"), let status = Self.status(real) else { continue }
                addFile(path, from: real, status)
            } else if let status = Self.status(path) {
                var folder = Self.relative(path).removingLastComponent()
                var missing: [FilePath] = []
                while !folder.isEmpty, !entries.contains(where: { $0.path == folder }) {
                    missing.append(folder)
                    folder.removeLastComponent()
                }
                for above in missing.reversed() { record(above, .folder, []) }
                try add(path, status, depth: 0)
            }
        }
    }

    private mutating func add(_ path: FilePath, _ status: stat, depth: Int) throws {
        switch status.st_mode & S_IFMT {
        case S_IFLNK:
            guard case .symbolicLink(let content, _)? = try SystemTree.node(path, at: path).first else { return }
            record(Self.relative(path), .link(content), [content])
        case S_IFREG:
            // What ordinary users of the host cannot read is not for sandboxes either.
            if status.st_mode & 0o004 != 0 { addFile(path, from: path, status) }
        case S_IFDIR:
            guard status.st_mode & 0o005 == 0o005 else { return }
            let names = depth < Self.deepest ? try HostDirectory.names(in: path, limit: Self.largestFolder + 1).sorted() : []
            guard depth < Self.deepest, names.count <= Self.largestFolder, entries.count + names.count <= Self.mostEntries else {
                return mount(path, isFolder: true)
            }
            record(Self.relative(path), .folder, [])
            for name in names {
                let below = path.appending(name)
                if let status = Self.status(below) { try add(below, status, depth: depth + 1) }
            }
        default: return
        }
    }

    private mutating func addFile(_ path: FilePath, from source: FilePath, _ status: stat) {
        let size = Int64(status.st_size)
        guard size <= Self.largestCopy, bytes + size <= Self.mostBytes else { return mount(path, isFolder: false) }
        bytes += size
        // Content is not read for the fingerprint: no way of changing a file leaves all of these as they were.
        let facts = [
            "\(status.st_dev)", "\(status.st_ino)", "\(size)", "\(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)",
            "\(status.st_ctim.tv_sec).\(status.st_ctim.tv_nsec)", "\(status.st_mode)",
        ]
        record(Self.relative(path), .copy(source, isExecutable: status.st_mode & 0o111 != 0), [source.string] + facts)
    }

    private mutating func mount(_ path: FilePath, isFolder: Bool) {
        nodes.append(.bind(source: path, target: path, readOnly: true))
        record(Self.relative(path), .mountPoint(isFolder: isFolder), [])
    }

    private mutating func record(_ path: FilePath, _ entry: Entry, _ facts: [String]) {
        entries.append((path, entry))
        let kind =
            switch entry {
            case .folder: "folder"
            case .link: "link"
            case .copy(_, let isExecutable): isExecutable ? "program" : "copy"
            case .text: "text"
            case .mountPoint(let isFolder): isFolder ? "folder mount" : "file mount"
            }
        for fact in [path.string, kind] + facts { fingerprint.add(fact) }
    }

    private static func relative(_ path: FilePath) -> FilePath {
        var rest = path
        _ = rest.removePrefix("/etc")
        return rest
    }

    private static func status(_ path: FilePath) -> stat? {
        var status = stat()
        return lstat(path.string, &status) == 0 ? status : nil
    }
}
