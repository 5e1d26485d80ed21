import Glibc
import GuestFiles
import GuestProtocol
import Testing

@Suite("Many requests at the same time")
struct ConcurrencyTests {
    let directory: TemporaryDirectory
    let harness = Harness(maximumConcurrent: 1)

    init() throws { directory = try TemporaryDirectory() }

    @Test
    func `streams that nobody reads keep no stat waiting, and there is a limit to them`() throws {
        try directory.write([UInt8](repeating: 7, count: 2 << 20), to: "big")
        let streams = (0..<FileLimits.longLivedRequests).map { _ in
            harness.start(.readStream(path: directory("big"), offset: 0, length: nil))
        }
        for _ in 0..<100 {
            guard case .entry = try harness.answer(.stat(path: directory("big"), followsLinks: true)) else { return }
        }
        #expect(try harness.failure(.readStream(path: directory("big"), offset: 0, length: nil)) == .limitExceeded)
        for stream in streams { harness.send(.cancel, on: stream) }
        for stream in streams {
            while true { if case .failure = try harness.next(stream) { break } }
        }
        // The threads are free again a moment after their last message.
        var content: [UInt8]?
        for _ in 0..<100 where content == nil {
            content = try? harness.collect(harness.start(.readStream(path: directory("big"), offset: 0, length: 1))).content
            if content == nil { usleep(10_000) }
        }
        #expect(content == [7])
    }

    @Test
    func `a slow search keeps no stat waiting`() throws {
        let query = GrepQuery(
            root: "/usr".bytes, pattern: "no such .* text".bytes, isLiteral: false, ignoresCase: true, glob: [], context: 0, limit: 0,
            includesHidden: true)
        let search = harness.start(.grep(query))
        for _ in 0..<50 { _ = try harness.answer(.stat(path: directory.path.bytes, followsLinks: true)) }
        harness.send(.cancel, on: search)
        guard case .failure(let failure) = try harness.next(search) else { return }
        #expect(failure.code == .superseded)
    }

    @Test
    func `what an abandoned stream had begun disappears, and it says nothing more`() throws {
        let upload = try harness.open(.writeStream(path: directory("f"), options: WriteOptions()))
        harness.send(.chunk([UInt8](repeating: 1, count: 100_000)), on: upload)
        let load = try harness.open(.importTree(root: directory.path.bytes))
        harness.send(.treeEntry(TreeEntry(path: "g".bytes, kind: .regular, mode: 0o644, size: 1000, modified: 0)), on: load)
        harness.send(.chunk([1, 2, 3]), on: load)
        let download = harness.start(.manifest(root: "/usr".bytes, digests: true))
        for stream in [upload, load, download] { harness.service.abandon(stream: stream) }
        try harness.pump(milliseconds: 300)
        for stream in [upload, load] { #expect(throws: Harness.TimedOut.self) { try harness.nextOfAny(stream, seconds: 0) } }
        #expect(shell("ls -A '\(directory.path)'").isEmpty)
        harness.send(.chunk([1]), on: upload)
        _ = try harness.answer(.stat(path: directory.path.bytes, followsLinks: true))
    }

    @Test
    func `a service that goes away ends its work`() throws {
        func threads() -> Int { Int(shell("ls /proc/\(getpid())/task | wc -l").filter(\.isNumber)) ?? 0 }
        let before = threads()
        do {
            let short = Harness()
            for _ in 0..<20 { _ = short.start(.watch(path: directory.path.bytes, recursive: true)) }
            _ = try short.answer(.stat(path: directory.path.bytes, followsLinks: true))
        }
        var after = threads()
        for _ in 0..<200 where after > before + 10 {
            usleep(10_000)
            after = threads()
        }
        #expect(after <= before + 10)
    }

    @Test
    func `a stream number in use is refused`() throws {
        try directory.write([UInt8](repeating: 7, count: 2 << 20), to: "big")
        let stream = harness.start(.readStream(path: directory("big"), offset: 0, length: nil))
        harness.service.submit(stream: stream, request: .stat(path: directory("big"), followsLinks: true))
        var codes: [GuestFailure.Code] = []
        while codes.isEmpty { if case .failure(let failure) = try harness.next(stream) { codes.append(failure.code) } }
        #expect(codes == [.invalidArgument])
    }

    @Test
    func `many small requests are all answered`() throws {
        let streams = (0..<2000).map { index in
            harness.start(.writeFile(path: directory("f\(index % 50)"), options: WriteOptions(), content: "\(index)".bytes))
        }
        for stream in streams { #expect(try harness.next(stream) == .response(.done)) }
        #expect(shell("ls -A '\(directory.path)' | wc -l") == "50\n")
    }
}
