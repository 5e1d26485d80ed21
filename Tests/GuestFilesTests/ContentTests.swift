import Glibc
import GuestFiles
import GuestProtocol
import Testing

@Suite("Content of files")
struct ContentTests {
    let directory: TemporaryDirectory
    let harness = Harness()

    init() throws { directory = try TemporaryDirectory() }

    private func write(_ name: String, _ text: String, _ options: WriteOptions = WriteOptions()) throws -> GuestFailure.Code? {
        try harness.failure(.writeFile(path: directory(name), options: options, content: text.bytes))
    }

    private func read(_ name: String, _ offset: UInt64, _ length: UInt32) throws -> GuestResponse {
        try harness.answer(.readFile(path: directory(name), offset: offset, length: length))
    }

    @Test
    func `a range is read and the end of the file is told`() throws {
        try directory.write("0123456789", to: "f")
        #expect(try read("f", 2, 3) == .data(bytes: "234".bytes, endOfFile: false))
        #expect(try read("f", 5, 5) == .data(bytes: "56789".bytes, endOfFile: true))
        #expect(try read("f", 9, 100) == .data(bytes: "9".bytes, endOfFile: true))
        #expect(try read("f", 50, 1) == .data(bytes: [], endOfFile: true))
        #expect(try harness.failure(.readFile(path: directory("f"), offset: .max, length: 1)) == .invalidArgument)
    }

    @Test
    func `files of proc are read although their size is 0`() throws {
        guard case .data(let bytes, true) = try harness.answer(.readFile(path: "/proc/self/status".bytes, offset: 0, length: 1 << 16))
        else {
            Issue.record("no content")
            return
        }
        #expect(bytes.text.contains("Pid:"))
    }

    @Test
    func `what is no regular file is refused without blocking`() throws {
        #expect(mkfifo("\(directory.path)/fifo", 0o600) == 0)
        #expect(try harness.failure(.readFile(path: directory("fifo"), offset: 0, length: 1)) == .invalidArgument)
        #expect(try harness.failure(.readFile(path: "/dev/zero".bytes, offset: 0, length: 1)) == .invalidArgument)
        #expect(try harness.failure(.readFile(path: directory.path.bytes, offset: 0, length: 1)) == .isDirectory)
        #expect(try harness.failure(.readFile(path: directory("none"), offset: 0, length: 1)) == .notFound)
        #expect(try harness.failure(.readFile(path: "relative".bytes, offset: 0, length: 1)) == .invalidArgument)
        #expect(try write("fifo", "x") == .invalidArgument)
        #expect(try harness.failure(.writeFile(path: "/dev/null".bytes, options: WriteOptions(), content: [1])) == .invalidArgument)
    }

    @Test
    func `a new file has mode 0644 whatever the umask, and a replaced one keeps its own`() throws {
        let before = umask(0o077)
        defer { umask(before) }
        #expect(try write("f", "one") == nil)
        #expect(directory.mode("f") == 0o644)
        chmod("\(directory.path)/f", 0o750)
        #expect(try write("f", "two") == nil)
        #expect(directory.mode("f") == 0o750)
        #expect(directory.text("f") == "two")
        #expect(try write("f", "three", WriteOptions(mode: 0o600)) == nil)
        #expect(directory.mode("f") == 0o600)
    }

    @Test
    func `a link at the end is written through and stays`() throws {
        mkdir("\(directory.path)/d", 0o755)
        symlink("d/target", "\(directory.path)/link")
        #expect(try write("link", "new") == nil)
        #expect(directory.text("d/target") == "new")
        #expect(try write("link", "newer") == nil)
        #expect(directory.text("d/target") == "newer")
        #expect(shell("readlink '\(directory.path)/link'") == "d/target\n")
        symlink("loop", "\(directory.path)/loop")
        #expect(try write("loop", "x") == .invalidArgument)
        #expect(try write("link", "x", WriteOptions(exclusive: true)) == .alreadyExists)
    }

    @Test
    func `the options do what they say`() throws {
        #expect(try write("a/b/c", "x") == .notFound)
        #expect(try write("a/b/c", "x", WriteOptions(createsParents: true)) == nil)
        #expect(try write("a/b/c", "y", WriteOptions(appends: true)) == nil)
        #expect(directory.text("a/b/c") == "xy")
        #expect(try write("a/b/new", "z", WriteOptions(mode: 0o600, appends: true)) == nil)
        #expect(directory.mode("a/b/new") == 0o600)
        #expect(try write("a/b/c", "z", WriteOptions(exclusive: true)) == .alreadyExists)
        #expect(try write("a/b/c", "z", WriteOptions(appends: true, exclusive: true)) == .alreadyExists)
        #expect(try write("a/b/e", "e", WriteOptions(exclusive: true)) == nil)
        #expect(try write("a/b", "x") == .isDirectory)
        #expect(try write("a/b/c/d", "x", WriteOptions(createsParents: true)) == .notDirectory)
        #expect(shell("ls -A '\(directory.path)/a/b'") == "c\ne\nnew\n")
    }

    @Test
    func `a stream arrives whole under credit, in both directions`() throws {
        var dice = Dice(state: 3)
        let content = (0..<5_000_000).map { _ in UInt8(truncatingIfNeeded: dice.next()) }
        let upload = try harness.open(.writeStream(path: directory("big"), options: WriteOptions(mode: 0o640)))
        let pieces = stride(from: 0, to: content.count, by: 200_000).map {
            HostMessage.chunk(Array(content[$0..<min($0 + 200_000, content.count)]))
        }
        #expect(!directory.exists("big"))
        _ = try harness.upload(pieces, to: upload)
        #expect(directory.read("big") == content)
        #expect(directory.mode("big") == 0o640)

        let chunks = try harness.collect(harness.start(.readStream(path: directory("big"), offset: 0, length: nil)))
        #expect(chunks.content == content)
        let part = try harness.collect(harness.start(.readStream(path: directory("big"), offset: 1_000_000, length: 300_000)))
        #expect(part.content == Array(content[1_000_000..<1_300_000]))
    }

    @Test
    func `the guest sends no more than the credit`() throws {
        try directory.write([UInt8](repeating: 1, count: 3 << 20), to: "big")
        let stream = harness.start(.readStream(path: directory("big"), offset: 0, length: nil))
        var received = 0
        while received < 1 << 20, case .chunk(let bytes) = try harness.next(stream) { received += bytes.count }
        #expect(received == 1 << 20)
        #expect(try !harness.pump(milliseconds: 200))
        harness.send(.credit(1000), on: stream)
        guard case .chunk(let bytes) = try harness.next(stream) else { return }
        #expect(bytes.count == 1000)
        harness.send(.cancel, on: stream)
        guard case .failure(let failure) = try harness.next(stream) else { return }
        #expect(failure.code == .superseded)
    }

    @Test
    func `a host beyond its credit ends its stream and leaves nothing`() throws {
        let stream = try harness.open(.writeStream(path: directory("f"), options: WriteOptions()))
        for _ in 0..<20 { harness.send(.chunk([UInt8](repeating: 1, count: 1 << 20)), on: stream) }
        guard case .failure(let failure) = try harness.next(stream) else { return }
        #expect(failure.code == .invalidArgument)
        #expect(shell("ls -A '\(directory.path)'").isEmpty)
    }

    @Test(arguments: [false, true])
    func `a broken-off stream leaves the file as it was`(appends: Bool) throws {
        try directory.write("before", to: "f")
        let stream = try harness.open(.writeStream(path: directory("f"), options: WriteOptions(appends: appends)))
        harness.send(.chunk("more".bytes), on: stream)
        harness.send(.cancel, on: stream)
        guard case .failure = try harness.next(stream) else { return }
        #expect(directory.text("f") == "before")
        #expect(shell("ls -A '\(directory.path)'") == "f\n")
        let second = try harness.open(.writeStream(path: directory("f"), options: WriteOptions(appends: appends)))
        _ = try harness.upload([.chunk("more".bytes)], to: second)
        #expect(directory.text("f") == (appends ? "beforemore" : "more"))
    }
}
