/// A value with one encoding; decoding refuses everything that encoding cannot have produced.
protocol WireValue: Sendable {
    func write(to writer: inout ByteWriter)
    init(from reader: inout ByteReader) throws(ProtocolViolation)
}

extension RawRepresentable where RawValue == UInt8 {
    static func read(_ field: String, from reader: inout ByteReader) throws(ProtocolViolation) -> Self {
        let raw = try reader.read(UInt8.self)
        guard let value = Self(rawValue: raw) else { throw .unknownValue(field: field, value: UInt64(raw)) }
        return value
    }
}

extension WindowSize: WireValue {
    func write(to writer: inout ByteWriter) {
        writer.write(columns)
        writer.write(rows)
    }
    init(from reader: inout ByteReader) throws(ProtocolViolation) {
        self.init(columns: try reader.read(), rows: try reader.read())
    }
}

extension ExecStart: WireValue {
    func write(to writer: inout ByteWriter) {
        writer.write(id)
        writer.write(list: arguments) { $0.write($1) }
        writer.write(list: environment) { $0.write($1) }
        writer.write(workingDirectory)
        writer.write(user)
        writer.write(optional: terminal) { $1.write(to: &$0) }
        writer.write(hasInput)
        writer.write(timeout)
        writer.write(killGrace)
        writer.write(drainGrace)
        writer.write(ringCapacity)
        writer.write(overflow.rawValue)
        writer.write(killsSurvivors)
    }
    init(from reader: inout ByteReader) throws(ProtocolViolation) {
        self.init(
            id: try reader.readString("exec.id"),
            arguments: try reader.readList { (r) throws(ProtocolViolation) in try r.readBytes() },
            environment: try reader.readList { (r) throws(ProtocolViolation) in try r.readBytes() },
            workingDirectory: try reader.readBytes(), user: try reader.readBytes(),
            terminal: try reader.readOptional { (r) throws(ProtocolViolation) in try WindowSize(from: &r) },
            hasInput: try reader.readBool(), timeout: try reader.read(), killGrace: try reader.read(), drainGrace: try reader.read(),
            ringCapacity: try reader.read(), overflow: try OverflowPolicy.read("exec.overflow", from: &reader),
            killsSurvivors: try reader.readBool())
    }
}

extension GuestOutcome: WireValue {
    func write(to writer: inout ByteWriter) {
        switch self {
        case .exited(let code):
            writer.write(UInt8(1))
            writer.write(code)
        case .signaled(let number, let coreDumped):
            writer.write(UInt8(2))
            writer.write(number)
            writer.write(coreDumped)
        case .timedOut: writer.write(UInt8(3))
        case .cancelled: writer.write(UInt8(4))
        case .lost: writer.write(UInt8(5))
        }
    }
    init(from reader: inout ByteReader) throws(ProtocolViolation) {
        let kind = try reader.read(UInt8.self)
        switch kind {
        case 1: self = .exited(code: try reader.read())
        case 2: self = .signaled(number: try reader.read(), coreDumped: try reader.readBool())
        case 3: self = .timedOut
        case 4: self = .cancelled
        case 5: self = .lost
        default: throw .unknownValue(field: "outcome", value: UInt64(kind))
        }
    }
}

extension ExecEnd: WireValue {
    func write(to writer: inout ByteWriter) {
        outcome.write(to: &writer)
        writer.write(standardOutputEnd)
        writer.write(standardErrorEnd)
        writer.write(survivors)
        writer.write(duration)
        writer.write(processorTime)
        writer.write(peakMemory)
        writer.write(optional: memoryKills) { $0.write($1) }
    }
    init(from reader: inout ByteReader) throws(ProtocolViolation) {
        self.init(
            outcome: try GuestOutcome(from: &reader), standardOutputEnd: try reader.read(), standardErrorEnd: try reader.read(),
            survivors: try reader.read(), duration: try reader.read(), processorTime: try reader.read(), peakMemory: try reader.read(),
            memoryKills: try reader.readOptional { (r) throws(ProtocolViolation) in try r.read() })
    }
}

extension ExecStatus: WireValue {
    func write(to writer: inout ByteWriter) {
        writer.write(id)
        writer.write(pid)
        for range in [standardOutput, standardError] {
            writer.write(range.lowerBound)
            writer.write(range.upperBound)
        }
        writer.write(hasTerminal)
        writer.write(age)
        writer.write(optional: end) { $1.write(to: &$0) }
    }
    init(from reader: inout ByteReader) throws(ProtocolViolation) {
        func range(_ reader: inout ByteReader) throws(ProtocolViolation) -> Range<UInt64> {
            let lower: UInt64 = try reader.read()
            let upper: UInt64 = try reader.read()
            guard lower <= upper else { throw .unknownValue(field: "offsets", value: lower) }
            return lower..<upper
        }
        self.init(
            id: try reader.readString("exec.id"), pid: try reader.read(), standardOutput: try range(&reader),
            standardError: try range(&reader), hasTerminal: try reader.readBool(), age: try reader.read(),
            end: try reader.readOptional { (r) throws(ProtocolViolation) in try ExecEnd(from: &r) })
    }
}

extension TreeEntry: WireValue {
    func write(to writer: inout ByteWriter) {
        writer.write(path)
        writer.write(kind.rawValue)
        writer.write(mode)
        writer.write(size)
        writer.write(modified)
        writer.write(changed)
        writer.write(userID)
        writer.write(groupID)
        writer.write(inode)
        writer.write(linkTarget)
        writer.write(digest)
    }
    init(from reader: inout ByteReader) throws(ProtocolViolation) {
        self.init(
            path: try reader.readBytes(), kind: try FileKind.read("entry.kind", from: &reader), mode: try reader.read(),
            size: try reader.read(), modified: try reader.read(), changed: try reader.read(), userID: try reader.read(),
            groupID: try reader.read(), inode: try reader.read(), linkTarget: try reader.readBytes(), digest: try reader.readBytes())
        guard digest.isEmpty || digest.count == 32 else { throw .unknownValue(field: "entry.digest", value: UInt64(digest.count)) }
    }
}

extension GrepMatch: WireValue {
    func write(to writer: inout ByteWriter) {
        writer.write(path)
        writer.write(line)
        writer.write(isContext)
        writer.write(text)
    }
    init(from reader: inout ByteReader) throws(ProtocolViolation) {
        self.init(path: try reader.readBytes(), line: try reader.read(), isContext: try reader.readBool(), text: try reader.readBytes())
    }
}

extension GrepQuery: WireValue {
    func write(to writer: inout ByteWriter) {
        writer.write(root)
        writer.write(pattern)
        writer.write(isLiteral)
        writer.write(ignoresCase)
        writer.write(glob)
        writer.write(context)
        writer.write(limit)
        writer.write(includesHidden)
    }
    init(from reader: inout ByteReader) throws(ProtocolViolation) {
        self.init(
            root: try reader.readBytes(), pattern: try reader.readBytes(), isLiteral: try reader.readBool(),
            ignoresCase: try reader.readBool(), glob: try reader.readBytes(), context: try reader.read(), limit: try reader.read(),
            includesHidden: try reader.readBool())
    }
}

extension WriteOptions: WireValue {
    func write(to writer: inout ByteWriter) {
        writer.write(optional: mode) { $0.write($1) }
        writer.write(createsParents)
        writer.write(appends)
        writer.write(exclusive)
    }
    init(from reader: inout ByteReader) throws(ProtocolViolation) {
        self.init(
            mode: try reader.readOptional { (r) throws(ProtocolViolation) in try r.read() }, createsParents: try reader.readBool(),
            appends: try reader.readBool(), exclusive: try reader.readBool())
    }
}

extension WatchEvent: WireValue {
    func write(to writer: inout ByteWriter) {
        writer.write(path)
        writer.write(change.rawValue)
    }
    init(from reader: inout ByteReader) throws(ProtocolViolation) {
        self.init(path: try reader.readBytes(), change: try Change.read("watch.change", from: &reader))
    }
}

extension GuestFailure: WireValue {
    func write(to writer: inout ByteWriter) {
        writer.write(code.rawValue)
        writer.write(errno)
        writer.write(message)
        writer.write(path)
    }
    init(from reader: inout ByteReader) throws(ProtocolViolation) {
        self.init(
            try Code.read("failure.code", from: &reader), errno: try reader.read(), message: try reader.readString("failure.message"),
            path: try reader.readBytes())
    }
}

extension GuestHello: WireValue {
    func write(to writer: inout ByteWriter) {
        writer.write(version)
        writer.write(instance)
        writer.write(pid)
        writer.write(userID)
        writer.write(groupID)
        writer.write(architecture)
        writer.write(workingDirectory)
        writer.write(list: capabilities) { $0.write($1) }
    }
    init(from reader: inout ByteReader) throws(ProtocolViolation) {
        self.init(
            version: try reader.read(), instance: try reader.readBytes(), pid: try reader.read(), userID: try reader.read(),
            groupID: try reader.read(), architecture: try reader.readString("hello.architecture"),
            workingDirectory: try reader.readBytes(),
            capabilities: try reader.readList { (r) throws(ProtocolViolation) in try r.readString("hello.capability") })
    }
}
