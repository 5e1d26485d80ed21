import SandboxCore
import SandboxProcess
import SystemPackage

/// Brings the content of files out of a sandbox, to know their digests and, with a bag, to keep it.
struct Reading {
    /// Paths named in one request: a frame holds so much.
    private static let requestBytes = 256 << 10
    private static let requestPaths = 4096
    private static let rounds = 3

    let files: any SandboxFileSystem
    let root: FilePath
    let keep: ContentBag?
    let clock: Int64?
    /// Where versions of the files may lie already.
    var tree: HostTree?

    /// Reads the files at these places of a scan and fills in what they are. One that changes again and again is left alone.
    func read(_ places: [Int], of scan: inout SandboxScan) async throws {
        var rest = places
        for round in 0..<Self.rounds where !rest.isEmpty {
            var seen: [Int: FileStamp] = [:]
            var whole: [(place: Int, path: TreePath)] = []
            for place in rest {
                let path = scan.entries[place].path
                guard scan.entries[place].stamp?.size ?? 0 >= ChunkPlaces.worthwhile, let (entry, item) = try await readChunks(path) else {
                    whole.append((place, path))
                    continue
                }
                take(entry, item, path, place, &scan, &seen)
            }
            for batch in Self.batches(whole) { try await read(batch, of: &scan, seen: &seen) }
            let unstable = try await changed(seen, scan)
            for place in rest where seen[place] == nil { scan.entries[place].state = .held(reason: "it went away while it was read") }
            for place in unstable {
                keep?.drop(scan.entries[place].path)
                scan.entries[place].state = .held(reason: round + 1 < Self.rounds ? "" : "it keeps changing")
            }
            rest = unstable
        }
    }

    private static func batches(_ files: [(place: Int, path: TreePath)]) -> [[(place: Int, path: TreePath)]] {
        var batches: [[(place: Int, path: TreePath)]] = []
        var (current, bytes): ([(place: Int, path: TreePath)], Int) = ([], 0)
        for file in files {
            if current.count >= requestPaths || bytes + file.path.bytes.count > requestBytes, !current.isEmpty {
                batches.append(current)
                (current, bytes) = ([], 0)
            }
            current.append(file)
            bytes += file.path.bytes.count + 8
        }
        return current.isEmpty ? batches : batches + [current]
    }

    private func read(
        _ batch: [(place: Int, path: TreePath)], of scan: inout SandboxScan, seen: inout [Int: FileStamp]
    ) async throws {
        let places = Dictionary(batch.map { ($0.path, $0.place) }, uniquingKeysWith: { first, _ in first })
        var open: OpenItem?
        for try await item in try await files.export(root, paths: batch.map(\.path.filePath)) {
            switch item {
            case .content(let bytes): try open?.take(bytes)
            case .copy: throw SandboxError(.protocolViolation, "the sandbox sent no content")
            case .entry(let entry):
                try finish(&open, &scan, &seen)
                guard let path = TreePath(entry.path.rawBytes), let place = places[path], seen[place] == nil else { continue }
                guard entry.kind == .regular else {
                    scan.entries[place].state = .held(reason: "it changed while it was read")
                    seen[place] = entry.stamp
                    continue
                }
                open = try OpenItem(place: place, path: path, entry: entry, bag: keep)
            }
        }
        try finish(&open, &scan, &seen)
    }

    private func finish(_ open: inout OpenItem?, _ scan: inout SandboxScan, _ seen: inout [Int: FileStamp]) throws {
        guard let item = open else { return }
        open = nil
        guard item.hasher.count == item.entry.size else {
            throw SandboxError(.protocolViolation, "the sandbox sent \(item.hasher.count) bytes of a file of \(item.entry.size)")
        }
        take(
            item.entry, ContentBag.Item(number: item.number, digest: item.hasher.digest(), size: item.entry.size), item.path, item.place,
            &scan,
            &seen)
    }

    private func take(
        _ entry: FileEntry, _ item: ContentBag.Item, _ path: TreePath, _ place: Int, _ scan: inout SandboxScan,
        _ seen: inout [Int: FileStamp]
    ) {
        keep?.add(item, for: path)
        let stamp = entry.stamp
        let isSettled = stamp.changed != 0 && clock.map { $0 - max(stamp.modified, stamp.changed) >= HostScanner.racyTime } ?? false
        let mode = UInt16(entry.mode & TreeNode.modeMask)
        scan.entries[place] = SideEntry(
            path, .node(.file(digest: item.digest, size: item.size, mode: mode)), stamp: stamp, isSettled: isSettled,
            modified: entry.modified)
        scan.hashedFiles += 1
        scan.hashedBytes &+= item.size
        seen[place] = stamp
    }

    /// The places whose files are not any more what they were when they were opened.
    private func changed(_ seen: [Int: FileStamp], _ scan: SandboxScan) async throws -> [Int] {
        let files = seen.filter { $0.value.changed != 0 }
        var now: [TreePath: FileStamp] = [:]
        if files.count <= 64 {
            for place in files.keys {
                let path = scan.entries[place].path
                do { now[path] = try await self.files.stat(root.pushing(path.filePath), followsLinks: false).stamp } catch is FileRefusal {}
            }
        } else {
            for try await entry in try await self.files.manifest(of: root, digests: false) {
                if let path = TreePath(entry.path.rawBytes) { now[path] = entry.stamp }
            }
        }
        return files.filter { now[scan.entries[$0.key].path] != $0.value }.map(\.key).sorted()
    }
}

/// A file whose content is on its way.
private struct OpenItem {
    let place: Int
    let path: TreePath
    let entry: FileEntry
    /// 0 when nothing is kept.
    let number: Int
    private let file: OwnedDescriptor?
    private(set) var hasher = ContentHasher()

    init(place: Int, path: TreePath, entry: FileEntry, bag: ContentBag?) throws {
        self.place = place
        self.path = path
        self.entry = entry
        number = bag?.nextNumber() ?? 0
        file = try bag?.makeFile(number)
    }

    mutating func take(_ bytes: [UInt8]) throws {
        hasher.update(bytes)
        try file?.write(bytes)
    }
}
