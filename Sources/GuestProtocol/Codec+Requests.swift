extension GuestRequest: WireValue {
    private enum Tag: UInt8 {
        case startExec = 1, attachExec, listExecs, signalExec, cancelExec, forgetExec
        case readFile = 32, writeFile, readStream, writeStream, stat, list, makeDirectory, remove, move, makeSymbolicLink, changeMode
        case glob, grep, watch, manifest, exportTree, importTree, fileChunks, removeNode
        case folderDigests, folderEntries, importTellingStamps
        case shutdown = 64
    }

    func write(to writer: inout ByteWriter) {
        func tag(_ tag: Tag, _ writer: inout ByteWriter) { writer.write(tag.rawValue) }
        switch self {
        case .startExec(let start):
            tag(.startExec, &writer)
            start.write(to: &writer)
        case .attachExec(let id, let standardOutput, let standardError):
            tag(.attachExec, &writer)
            writer.write(id)
            writer.write(standardOutput)
            writer.write(standardError)
        case .listExecs: tag(.listExecs, &writer)
        case .signalExec(let id, let signal, let wholeTree):
            tag(.signalExec, &writer)
            writer.write(id)
            writer.write(signal)
            writer.write(wholeTree)
        case .cancelExec(let id):
            tag(.cancelExec, &writer)
            writer.write(id)
        case .forgetExec(let id):
            tag(.forgetExec, &writer)
            writer.write(id)
        case .readFile(let path, let offset, let length):
            tag(.readFile, &writer)
            writer.write(path)
            writer.write(offset)
            writer.write(length)
        case .writeFile(let path, let options, let content):
            tag(.writeFile, &writer)
            writer.write(path)
            options.write(to: &writer)
            writer.write(content)
        case .readStream(let path, let offset, let length):
            tag(.readStream, &writer)
            writer.write(path)
            writer.write(offset)
            writer.write(optional: length) { $0.write($1) }
        case .writeStream(let path, let options):
            tag(.writeStream, &writer)
            writer.write(path)
            options.write(to: &writer)
        case .stat(let path, let followsLinks):
            tag(.stat, &writer)
            writer.write(path)
            writer.write(followsLinks)
        case .list(let path, let cursor, let limit):
            tag(.list, &writer)
            writer.write(path)
            writer.write(cursor)
            writer.write(limit)
        case .makeDirectory(let path, let mode, let parents):
            tag(.makeDirectory, &writer)
            writer.write(path)
            writer.write(mode)
            writer.write(parents)
        case .remove(let path, let recursive):
            tag(.remove, &writer)
            writer.write(path)
            writer.write(recursive)
        case .move(let from, let to, let overwrite):
            tag(.move, &writer)
            writer.write(from)
            writer.write(to)
            writer.write(overwrite)
        case .makeSymbolicLink(let path, let target):
            tag(.makeSymbolicLink, &writer)
            writer.write(path)
            writer.write(target)
        case .changeMode(let path, let mode):
            tag(.changeMode, &writer)
            writer.write(path)
            writer.write(mode)
        case .glob(let root, let pattern, let limit, let includesHidden):
            tag(.glob, &writer)
            writer.write(root)
            writer.write(pattern)
            writer.write(limit)
            writer.write(includesHidden)
        case .grep(let query):
            tag(.grep, &writer)
            query.write(to: &writer)
        case .watch(let path, let recursive):
            tag(.watch, &writer)
            writer.write(path)
            writer.write(recursive)
        case .manifest(let root, let digests):
            tag(.manifest, &writer)
            writer.write(root)
            writer.write(digests)
        case .exportTree(let root, let paths):
            tag(.exportTree, &writer)
            writer.write(root)
            writer.write(list: paths) { $0.write($1) }
        case .importTree(let root):
            tag(.importTree, &writer)
            writer.write(root)
        case .fileChunks(let path):
            tag(.fileChunks, &writer)
            writer.write(path)
        case .removeNode(let path, let changed, let inode):
            tag(.removeNode, &writer)
            writer.write(path)
            writer.write(changed)
            writer.write(inode)
        case .folderDigests(let root):
            tag(.folderDigests, &writer)
            writer.write(root)
        case .folderEntries(let root, let folders):
            tag(.folderEntries, &writer)
            writer.write(root)
            writer.write(list: folders) { $0.write($1) }
        case .importTellingStamps(let root):
            tag(.importTellingStamps, &writer)
            writer.write(root)
        case .shutdown(let grace):
            tag(.shutdown, &writer)
            writer.write(grace)
        }
    }

    init(from reader: inout ByteReader) throws(ProtocolViolation) {
        switch try Tag.read("request", from: &reader) {
        case .startExec: self = .startExec(try ExecStart(from: &reader))
        case .attachExec:
            self = .attachExec(id: try reader.readString("exec.id"), standardOutput: try reader.read(), standardError: try reader.read())
        case .listExecs: self = .listExecs
        case .signalExec:
            self = .signalExec(id: try reader.readString("exec.id"), signal: try reader.read(), wholeTree: try reader.readBool())
        case .cancelExec: self = .cancelExec(id: try reader.readString("exec.id"))
        case .forgetExec: self = .forgetExec(id: try reader.readString("exec.id"))
        case .readFile: self = .readFile(path: try reader.readBytes(), offset: try reader.read(), length: try reader.read())
        case .writeFile:
            self = .writeFile(path: try reader.readBytes(), options: try WriteOptions(from: &reader), content: try reader.readBytes())
        case .readStream:
            self = .readStream(
                path: try reader.readBytes(), offset: try reader.read(),
                length: try reader.readOptional { (r) throws(ProtocolViolation) in try r.read() })
        case .writeStream: self = .writeStream(path: try reader.readBytes(), options: try WriteOptions(from: &reader))
        case .stat: self = .stat(path: try reader.readBytes(), followsLinks: try reader.readBool())
        case .list: self = .list(path: try reader.readBytes(), cursor: try reader.readBytes(), limit: try reader.read())
        case .makeDirectory:
            self = .makeDirectory(path: try reader.readBytes(), mode: try reader.read(), parents: try reader.readBool())
        case .remove: self = .remove(path: try reader.readBytes(), recursive: try reader.readBool())
        case .move: self = .move(from: try reader.readBytes(), to: try reader.readBytes(), overwrite: try reader.readBool())
        case .makeSymbolicLink: self = .makeSymbolicLink(path: try reader.readBytes(), target: try reader.readBytes())
        case .changeMode: self = .changeMode(path: try reader.readBytes(), mode: try reader.read())
        case .glob:
            self = .glob(
                root: try reader.readBytes(), pattern: try reader.readBytes(), limit: try reader.read(),
                includesHidden: try reader.readBool())
        case .grep: self = .grep(try GrepQuery(from: &reader))
        case .watch: self = .watch(path: try reader.readBytes(), recursive: try reader.readBool())
        case .manifest: self = .manifest(root: try reader.readBytes(), digests: try reader.readBool())
        case .exportTree:
            self = .exportTree(
                root: try reader.readBytes(), paths: try reader.readList { (r) throws(ProtocolViolation) in try r.readBytes() })
        case .importTree: self = .importTree(root: try reader.readBytes())
        case .fileChunks: self = .fileChunks(path: try reader.readBytes())
        case .removeNode: self = .removeNode(path: try reader.readBytes(), changed: try reader.read(), inode: try reader.read())
        case .folderDigests: self = .folderDigests(root: try reader.readBytes())
        case .folderEntries:
            self = .folderEntries(
                root: try reader.readBytes(), folders: try reader.readList { (r) throws(ProtocolViolation) in try r.readBytes() })
        case .importTellingStamps: self = .importTellingStamps(root: try reader.readBytes())
        case .shutdown: self = .shutdown(grace: try reader.read())
        }
    }
}

extension GuestResponse: WireValue {
    private enum Tag: UInt8 { case done = 1, started, execs, data, entry, entries, matches }

    func write(to writer: inout ByteWriter) {
        switch self {
        case .done: writer.write(Tag.done.rawValue)
        case .started(let pid):
            writer.write(Tag.started.rawValue)
            writer.write(pid)
        case .execs(let list):
            writer.write(Tag.execs.rawValue)
            writer.write(list: list) { $1.write(to: &$0) }
        case .data(let bytes, let endOfFile):
            writer.write(Tag.data.rawValue)
            writer.write(bytes)
            writer.write(endOfFile)
        case .entry(let entry):
            writer.write(Tag.entry.rawValue)
            entry.write(to: &writer)
        case .entries(let list, let more):
            writer.write(Tag.entries.rawValue)
            writer.write(list: list) { $1.write(to: &$0) }
            writer.write(more)
        case .matches(let list, let truncated):
            writer.write(Tag.matches.rawValue)
            writer.write(list: list) { $1.write(to: &$0) }
            writer.write(truncated)
        }
    }

    init(from reader: inout ByteReader) throws(ProtocolViolation) {
        switch try Tag.read("response", from: &reader) {
        case .done: self = .done
        case .started: self = .started(pid: try reader.read())
        case .execs: self = .execs(try reader.readList { (r) throws(ProtocolViolation) in try ExecStatus(from: &r) })
        case .data: self = .data(bytes: try reader.readBytes(), endOfFile: try reader.readBool())
        case .entry: self = .entry(try TreeEntry(from: &reader))
        case .entries:
            self = .entries(
                try reader.readList { (r) throws(ProtocolViolation) in try TreeEntry(from: &r) }, more: try reader.readBool())
        case .matches:
            self = .matches(
                try reader.readList { (r) throws(ProtocolViolation) in try GrepMatch(from: &r) }, truncated: try reader.readBool())
        }
    }
}
