extension HostMessage {
    private enum Kind: UInt8 {
        case hello = 1, ping, request, input, inputEnd, acknowledge, signal, resize, cancel, close, credit, treeEntry, chunk, streamEnd
        case copy
    }

    /// The message as a frame of `stream`.
    public func encode(stream: UInt32) -> Frame {
        var writer = ByteWriter()
        let kind: Kind
        switch self {
        case .hello(let hello):
            kind = .hello
            writer.write(hello.oldestVersion)
            writer.write(hello.newestVersion)
        case .ping(let nonce):
            kind = .ping
            writer.write(nonce)
        case .request(let request):
            kind = .request
            request.write(to: &writer)
        case .input(let bytes): return Frame(kind: Kind.input.rawValue, stream: stream, payload: bytes)
        case .inputEnd: kind = .inputEnd
        case .acknowledge(let standardOutput, let standardError):
            kind = .acknowledge
            writer.write(standardOutput)
            writer.write(standardError)
        case .signal(let number):
            kind = .signal
            writer.write(number)
        case .resize(let size):
            kind = .resize
            size.write(to: &writer)
        case .cancel: kind = .cancel
        case .close: kind = .close
        case .credit(let count):
            kind = .credit
            writer.write(count)
        case .treeEntry(let entry):
            kind = .treeEntry
            entry.write(to: &writer)
        case .chunk(let bytes): return Frame(kind: Kind.chunk.rawValue, stream: stream, payload: bytes)
        case .streamEnd: kind = .streamEnd
        case .copy(let offset, let length):
            kind = .copy
            writer.write(offset)
            writer.write(length)
        }
        return Frame(kind: kind.rawValue, stream: stream, payload: writer.bytes)
    }

    /// Reads a frame that a host sent. Anything that `encode` cannot have made is a violation.
    public static func decode(_ frame: Frame) throws(ProtocolViolation) -> HostMessage {
        guard let kind = Kind(rawValue: frame.kind) else { throw .unknownValue(field: "host.kind", value: UInt64(frame.kind)) }
        var reader = ByteReader(frame.payload)
        let message: HostMessage
        switch kind {
        case .hello: message = .hello(HostHello(oldestVersion: try reader.read(), newestVersion: try reader.read()))
        case .ping: message = .ping(try reader.read())
        case .request: message = .request(try GuestRequest(from: &reader))
        case .input: return .input(frame.payload)
        case .inputEnd: message = .inputEnd
        case .acknowledge: message = .acknowledge(standardOutput: try reader.read(), standardError: try reader.read())
        case .signal: message = .signal(try reader.read())
        case .resize: message = .resize(try WindowSize(from: &reader))
        case .cancel: message = .cancel
        case .close: message = .close
        case .credit: message = .credit(try reader.read())
        case .treeEntry: message = .treeEntry(try TreeEntry(from: &reader))
        case .chunk: return .chunk(frame.payload)
        case .streamEnd: message = .streamEnd
        case .copy: message = .copy(offset: try reader.read(), length: try reader.read())
        }
        try reader.finish()
        return message
    }
}

extension GuestMessage {
    private enum Kind: UInt8 {
        case hello = 129, pong, response, failure, output, ended, credit, treeEntry, chunk, streamEnd, watch, refused
    }

    /// The kind and the bytes before the content of an `output` frame, for a sender that keeps the content in a ring and does not want to copy it.
    public static func outputPrefix(stream: OutputStream, offset: UInt64) -> (kind: UInt8, prefix: [UInt8]) {
        var writer = ByteWriter(reserving: 9)
        writer.write(stream.rawValue)
        writer.write(offset)
        return (Kind.output.rawValue, writer.bytes)
    }

    /// The message as a frame of `stream`.
    public func encode(stream: UInt32) -> Frame {
        var writer = ByteWriter()
        let kind: Kind
        switch self {
        case .hello(let hello):
            kind = .hello
            hello.write(to: &writer)
        case .pong(let nonce):
            kind = .pong
            writer.write(nonce)
        case .response(let response):
            kind = .response
            response.write(to: &writer)
        case .failure(let failure):
            kind = .failure
            failure.write(to: &writer)
        case .output(let output, let offset, let bytes):
            kind = .output
            writer.write(rest: GuestMessage.outputPrefix(stream: output, offset: offset).prefix)
            writer.write(rest: bytes)
        case .ended(let end):
            kind = .ended
            end.write(to: &writer)
        case .credit(let count):
            kind = .credit
            writer.write(count)
        case .treeEntry(let entry):
            kind = .treeEntry
            entry.write(to: &writer)
        case .chunk(let bytes): return Frame(kind: Kind.chunk.rawValue, stream: stream, payload: bytes)
        case .streamEnd: kind = .streamEnd
        case .watch(let event):
            kind = .watch
            event.write(to: &writer)
        case .refused(let path, let reason):
            kind = .refused
            writer.write(path)
            writer.write(reason)
        }
        return Frame(kind: kind.rawValue, stream: stream, payload: writer.bytes)
    }

    /// Reads a frame that a guest sent. Anything that `encode` cannot have made is a violation.
    public static func decode(_ frame: Frame) throws(ProtocolViolation) -> GuestMessage {
        guard let kind = Kind(rawValue: frame.kind) else { throw .unknownValue(field: "guest.kind", value: UInt64(frame.kind)) }
        var reader = ByteReader(frame.payload)
        let message: GuestMessage
        switch kind {
        case .hello: message = .hello(try GuestHello(from: &reader))
        case .pong: message = .pong(try reader.read())
        case .response: message = .response(try GuestResponse(from: &reader))
        case .failure: message = .failure(try GuestFailure(from: &reader))
        case .output:
            return .output(
                stream: try OutputStream.read("output.stream", from: &reader), offset: try reader.read(), bytes: reader.readRest())
        case .ended: message = .ended(try ExecEnd(from: &reader))
        case .credit: message = .credit(try reader.read())
        case .treeEntry: message = .treeEntry(try TreeEntry(from: &reader))
        case .chunk: return .chunk(frame.payload)
        case .streamEnd: message = .streamEnd
        case .watch: message = .watch(try WatchEvent(from: &reader))
        case .refused: message = .refused(path: try reader.readBytes(), reason: try reader.readString("refused.reason"))
        }
        try reader.finish()
        return message
    }
}
