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
    /// Looking at many files each time costs more than a mount.
    private static let largestFolder = 8
    private static let mostEntries = 500
    private static let mostBytes: Int64 = 16 << 20
    private static let deepest = 5

    /// By path relative to /etc, as text, which costs a fraction of what a `FilePath` does; folders come before what is in them.
    private(set) var entries: [(path: String, entry: Entry)] = []
    /// What is mounted from the host as it is.
    private(set) var nodes: [BubblewrapPlan.Node] = []
    /// Another one as soon as anything of it differs.
    private(set) var fingerprint = Fingerprint()
    private var bytes: Int64 = 0

    private static let root = "/etc/"

    /// Every name of the list that may be there.
    static func paths(network: NetworkPolicy) throws -> [FilePath] {
        let more = try HostDirectory.names(in: "/etc").filter { name in prefixes.contains { name.hasPrefix($0) } }.sorted()
        return (names + more + (network == .open ? ["resolv.conf"] : [])).map { FilePath("/etc/\($0)") }
    }

    init(network: NetworkPolicy, hostname: String) throws {
        for file in PlacedFile.identity(hostname: hostname) {
            record(String(file.target.string.dropFirst(Self.root.count)), .text(file.text), [file.text])
        }
        for path in try Self.paths(network: network) {
            let name = String(path.string.dropFirst(Self.root.count))
            // The name servers' file is often a link into /run, which is not there inside: its content is what is wanted.
            if name == "resolv.conf" {
                guard let real = try? HostPaths.real(path, what: "the name servers' file"), let status = Self.status(real.string) else {
                    continue
                }
                addFile(name, from: real, status)
            } else if let status = Self.status(path.string) {
                var above = ""
                for part in name.split(separator: "/").dropLast() {
                    above += above.isEmpty ? "\(part)" : "/\(part)"
                    if !entries.contains(where: { $0.path == above }) { record(above, .folder, []) }
                }
                try add(name, status, depth: 0)
            }
        }
    }

    private mutating func add(_ name: String, _ status: stat, depth: Int) throws {
        switch status.st_mode & S_IFMT {
        case S_IFLNK:
            guard let content = Self.linkContent(Self.root + name) else { return }
            record(name, .link(content), [content])
        case S_IFREG:
            // What ordinary users of the host cannot read is not for sandboxes either.
            if status.st_mode & 0o004 != 0 { addFile(name, from: FilePath(Self.root + name), status) }
        case S_IFDIR:
            guard status.st_mode & 0o005 == 0o005 else { return }
            let folder = FilePath(Self.root + name)
            let names = depth < Self.deepest ? try HostDirectory.names(in: folder, limit: Self.largestFolder + 1).sorted() : []
            guard depth < Self.deepest, names.count <= Self.largestFolder, entries.count + names.count <= Self.mostEntries else {
                return mount(name, isFolder: true)
            }
            record(name, .folder, [])
            for below in names.map({ "\(name)/\($0)" }) {
                if let status = Self.status(Self.root + below) { try add(below, status, depth: depth + 1) }
            }
        default: return
        }
    }

    private mutating func addFile(_ name: String, from source: FilePath, _ status: stat) {
        let size = Int64(status.st_size)
        guard size <= Self.largestCopy, bytes + size <= Self.mostBytes else { return mount(name, isFolder: false) }
        bytes += size
        // Content is not read for the fingerprint: no way of changing a file leaves all of these as they were.
        let facts = [
            "\(status.st_dev)", "\(status.st_ino)", "\(size)", "\(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)",
            "\(status.st_ctim.tv_sec).\(status.st_ctim.tv_nsec)", "\(status.st_mode)",
        ]
        record(name, .copy(source, isExecutable: status.st_mode & 0o111 != 0), [source.string] + facts)
    }

    private mutating func mount(_ name: String, isFolder: Bool) {
        let path = FilePath(Self.root + name)
        nodes.append(.bind(source: path, target: path, readOnly: true))
        record(name, .mountPoint(isFolder: isFolder), [])
    }

    private mutating func record(_ path: String, _ entry: Entry, _ facts: [String]) {
        entries.append((path, entry))
        let kind =
            switch entry {
            case .folder: "folder"
            case .link: "link"
            case .copy(_, let isExecutable): isExecutable ? "program" : "copy"
            case .text: "text"
            case .mountPoint(let isFolder): isFolder ? "folder mount" : "file mount"
            }
        for fact in [path, kind] + facts { fingerprint.add(fact) }
    }

    private static func linkContent(_ path: String) -> String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { buffer in
            guard let base = buffer.baseAddress, case let count = readlink(path, base, buffer.count), count > 0 else { return nil }
            return String(decoding: buffer.prefix(count).lazy.map(UInt8.init(bitPattern:)), as: UTF8.self)
        }
    }

    private static func status(_ path: String) -> stat? {
        var status = stat()
        return lstat(path, &status) == 0 ? status : nil
    }
}
