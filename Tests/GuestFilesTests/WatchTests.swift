import GuestFiles
import GuestProtocol
import Testing

@Suite("Watches")
struct WatchTests {
    let directory: TemporaryDirectory
    let harness = Harness()

    init() throws { directory = try TemporaryDirectory() }

    /// Reads events until one is `path` and `change`.
    private func expect(_ change: WatchEvent.Change, _ name: String, on stream: UInt64) throws {
        let wanted = WatchEvent(path: directory(name), change: change)
        while true {
            let message = try harness.next(stream, seconds: 10)
            if message == .watch(wanted) { return }
            guard case .watch = message else { throw Harness.Unexpected(message: message) }
        }
    }

    @Test
    func `changes below the root are told until the host closes the stream`() throws {
        shell("mkdir -p '\(directory.path)/sub'")
        let stream = try harness.open(.watch(path: directory.path.bytes, recursive: true))
        try directory.write("x", to: "f")
        try expect(.created, "f", on: stream)
        try expect(.modified, "f", on: stream)
        shell("chmod 600 '\(directory.path)/f'")
        try expect(.attributes, "f", on: stream)
        try directory.write("x", to: "sub/g")
        try expect(.created, "sub/g", on: stream)
        shell("rm '\(directory.path)/f'")
        try expect(.removed, "f", on: stream)
        harness.send(.close, on: stream)
        #expect(try harness.next(stream) == .streamEnd)
    }

    @Test
    func `folders that appear are watched, with what is in them already`() throws {
        let stream = try harness.open(.watch(path: directory.path.bytes, recursive: true))
        shell("cd '\(directory.path)' && mkdir -p a/b/c && touch a/b/c/deep")
        try expect(.created, "a/b/c/deep", on: stream)
        try directory.write("x", to: "a/b/c/later")
        try expect(.created, "a/b/c/later", on: stream)
        shell("mv '\(directory.path)/a' '\(directory.path)/moved'")
        try expect(.removed, "a", on: stream)
        try expect(.created, "moved/b/c/later", on: stream)
        try directory.write("x", to: "moved/b/new")
        try expect(.created, "moved/b/new", on: stream)
    }

    @Test
    func `without recursion only the directory itself is told about`() throws {
        shell("mkdir '\(directory.path)/sub'")
        let stream = try harness.open(.watch(path: directory.path.bytes, recursive: false))
        try directory.write("x", to: "sub/g")
        try directory.write("x", to: "f")
        guard case .watch(let event) = try harness.next(stream) else { return }
        #expect(event == WatchEvent(path: directory("f"), change: .created))
        #expect(try harness.failure(.watch(path: directory("none"), recursive: false)) == .notFound)
    }

    @Test
    func `a host that is slow is told that it missed something`() throws {
        let stream = try harness.open(.watch(path: directory.path.bytes, recursive: false))
        shell("cd '\(directory.path)' && seq 1 20000 | xargs touch && seq 1 20000 | xargs rm")
        var last: WatchEvent?
        var count = 0
        while last?.change != .overflow {
            guard case .watch(let event) = try harness.next(stream) else { break }
            last = event
            count += 1
            // Slow.
            if count == 1 { shell("sleep 0.5") }
        }
        #expect(last == WatchEvent(path: directory.path.bytes, change: .overflow))
    }
}
