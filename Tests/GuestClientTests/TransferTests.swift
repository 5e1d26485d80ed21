import GuestClient
import GuestProtocol
import SandboxCore
import Synchronization
import SystemPackage
import Testing

@Suite("Files over a channel", .timeLimit(.minutes(10)))
struct TransferTests {
    @Test
    func `credit goes back as the content is read`() async throws {
        let guest = FakeGuest()
        let session = try await guest.session()
        var contents = try await session.files.contents(of: "f", offset: 0, length: nil).makeAsyncIterator()
        let stream = try await guest.request { $0 == .readStream(path: Array("/w/f".utf8), offset: 0, length: nil) }
        for _ in 0..<4 { guest.send(.chunk([UInt8](repeating: 1, count: Frame.maximumContent)), stream: stream) }
        #expect(try await contents.next()?.count == Frame.maximumContent)
        #expect(try await guest.next() == (stream, .credit(UInt32(Frame.maximumContent))))
        for _ in 0..<3 { #expect(try await contents.next()?.count == Frame.maximumContent) }
        guest.send(.streamEnd, stream: stream)
        #expect(try await contents.next() == nil)
    }

    @Test
    func `letting go of a transfer cancels it and of a watch closes it`() async throws {
        let guest = FakeGuest()
        let session = try await guest.session()
        var streams: [UInt32] = []
        do {
            _ = try await session.files.contents(of: "f", offset: 0, length: nil)
            streams.append(try await guest.request())
        }
        #expect(try await guest.next() == (streams[0], .cancel))
        do {
            let watching = Task { try await session.files.watch("d", recursive: true) }
            streams.append(try await guest.request())
            guest.send(.response(.done), stream: streams[1])
            _ = try await watching.value
        }
        #expect(try await guest.next() == (streams[1], .close))
        guest.send(.watch(WatchEvent(path: [65], change: .created)), stream: streams[1])
        try await proveOpen(guest, session)
    }

    @Test
    func `a watch that nobody reads says that changes were lost`() async throws {
        let guest = FakeGuest()
        let session = try await guest.session()
        let watching = Task { try await session.files.watch("d", recursive: true) }
        let stream = try await guest.request()
        guest.send(.response(.done), stream: stream)
        let changes = try await watching.value
        let event = GuestMessage.watch(WatchEvent(path: [UInt8](repeating: 65, count: 4000), change: .created))
        for _ in 0..<300 { guest.send(event, stream: stream) }
        try await proveOpen(guest, session)
        var iterator = changes.makeAsyncIterator()
        #expect(try await iterator.next()?.kind == .overflow)
    }

    @Test
    func `a large file is written as a stream and committed at the end`() async throws {
        let guest = FakeGuest()
        let session = try await guest.session()
        let size = 3 * Frame.maximumContent + 1
        let writing = Task { try await session.files.write([UInt8](repeating: 3, count: size), to: "f", options: FileWriteOptions()) }
        let stream = try await guest.request()
        guest.send(.response(.done), stream: stream)
        var got = 0
        while got < size {
            guard case (stream, .chunk(let bytes)) = try await guest.next() else { throw FakeGuest.Ended() }
            got += bytes.count
        }
        #expect(try await guest.next() == (stream, .streamEnd))
        guest.send(.streamEnd, stream: stream)
        try await writing.value
    }

    @Test
    func `a source that fails abandons the file`() async throws {
        struct SourceFailed: Error {}
        let guest = FakeGuest()
        let session = try await guest.session()
        let source = SandboxStream<[UInt8]> { throw SourceFailed() }
        let writing = Task { try await session.files.write(source, to: "f", options: FileWriteOptions()) }
        let stream = try await guest.request()
        guest.send(.response(.done), stream: stream)
        await #expect(throws: SourceFailed.self) { try await writing.value }
        #expect(try await guest.next() == (stream, .cancel))
    }

    @Test
    func `an import tells which entries were refused`() async throws {
        let guest = FakeGuest()
        let session = try await guest.session()
        let importing = Task {
            let items = Walk([
                TreeItem.entry(FileEntry(path: "a", kind: .regular, mode: 0o644, size: 1, modified: 0)), .content([1]),
            ])
            let stream = SandboxStream<TreeItem> { items.next() }
            return try await session.files.import(stream, into: "t")
        }
        let stream = try await guest.request { $0 == .importTree(root: Array("/w/t".utf8)) }
        guest.send(.response(.done), stream: stream)
        guard case (stream, .treeEntry(let entry)) = try await guest.next() else { throw FakeGuest.Ended() }
        #expect(entry.path == [97])
        #expect(try await guest.next() == (stream, .chunk([1])))
        #expect(try await guest.next() == (stream, .streamEnd))
        guest.send(.refused(path: [97], reason: "taken"), stream: stream)
        guest.send(.streamEnd, stream: stream)
        let refused = try await importing.value
        #expect(refused.map(\.path) == ["a"])
        #expect(refused.map(\.reason) == ["taken"])
    }

    @Test
    func `refusals keep their kind and path`() async throws {
        let guest = FakeGuest()
        let session = try await guest.session()
        let asking = Task { try await session.files.stat("f", followsLinks: true) }
        let stream = try await guest.request()
        guest.send(.failure(GuestFailure(.denied, errno: 13, message: "cannot look at it")), stream: stream)
        await #expect(throws: FileRefusal(.permissionDenied, path: "f", message: "cannot look at it")) { try await asking.value }
    }
}

/// Walks a list from a closure.
private final class Walk<Element: Sendable>: Sendable {
    private let rest: Mutex<ArraySlice<Element>>

    init(_ items: [Element]) { rest = Mutex(items[...]) }

    func next() -> Element? { rest.withLock { $0.popFirst() } }
}
