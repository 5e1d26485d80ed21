@testable import GuestProtocol

/// A generator whose values a seed fixes, so that a failure can be repeated.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// Random values of everything that goes over the wire.
struct RandomMessages {
    var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func number<T: FixedWidthInteger>(_ type: T.Type = T.self) -> T {
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: 0
        case 1: .max
        case 2: .min
        default: T.random(in: .min ... .max, using: &generator)
        }
    }

    mutating func flag() -> Bool { Bool.random(using: &generator) }

    mutating func bytes(_ most: Int = 40) -> [UInt8] {
        (0..<Int.random(in: 0...most, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }

    mutating func text() -> String {
        let letters: [Character] = ["a", "Z", "0", " ", "/", "é", "漢", "🜁", "\n", "\u{0}"]
        return String((0..<Int.random(in: 0...12, using: &generator)).map { _ in letters[Int.random(in: 0..<10, using: &generator)] })
    }

    mutating func list<T>(_ body: (inout RandomMessages) -> T) -> [T] {
        (0..<Int.random(in: 0...4, using: &generator)).map { _ in body(&self) }
    }

    mutating func pick<T: CaseIterable>(_ type: T.Type) -> T where T.AllCases == [T] {
        T.allCases[Int.random(in: 0..<T.allCases.count, using: &generator)]
    }

    mutating func size() -> WindowSize { WindowSize(columns: number(), rows: number()) }

    mutating func start() -> ExecStart {
        ExecStart(
            id: text(), arguments: list { $0.bytes() }, environment: list { $0.bytes() }, workingDirectory: bytes(), user: bytes(),
            terminal: flag() ? size() : nil, hasInput: flag(), timeout: number(), killGrace: number(), drainGrace: number(),
            ringCapacity: number(), overflow: flag() ? .stall : .discardOldest, killsSurvivors: flag())
    }

    mutating func end() -> ExecEnd {
        let outcomes: [GuestOutcome] = [
            .exited(code: number()), .signaled(number: number(), coreDumped: flag()), .timedOut, .cancelled, .lost,
        ]
        return ExecEnd(
            outcome: outcomes[Int.random(in: 0..<outcomes.count, using: &generator)], standardOutputEnd: number(),
            standardErrorEnd: number(), survivors: number(), duration: number(), processorTime: number(), peakMemory: number(),
            memoryKills: flag() ? number() : nil)
    }

    mutating func range() -> Range<UInt64> {
        let (one, other): (UInt64, UInt64) = (number(), number())
        return min(one, other)..<max(one, other)
    }

    mutating func status() -> ExecStatus {
        ExecStatus(
            id: text(), pid: number(), standardOutput: range(), standardError: range(), hasTerminal: flag(), age: number(),
            end: flag() ? end() : nil)
    }

    mutating func entry() -> TreeEntry {
        TreeEntry(
            path: bytes(), kind: pick(FileKind.self), mode: number(), size: number(), modified: number(), changed: number(),
            userID: number(), groupID: number(), inode: number(), linkTarget: bytes(), digest: flag() ? [] : (0..<32).map { _ in number() })
    }

    mutating func match() -> GrepMatch { GrepMatch(path: bytes(), line: number(), isContext: flag(), text: bytes()) }

    mutating func options() -> WriteOptions {
        WriteOptions(mode: flag() ? number() : nil, createsParents: flag(), appends: flag(), exclusive: flag())
    }

    mutating func query() -> GrepQuery {
        GrepQuery(
            root: bytes(), pattern: bytes(), isLiteral: flag(), ignoresCase: flag(), glob: bytes(), context: number(), limit: number(),
            includesHidden: flag())
    }

    mutating func failure() -> GuestFailure {
        GuestFailure(pick(GuestFailure.Code.self), errno: number(), message: text(), path: bytes())
    }

    mutating func guestHello() -> GuestHello {
        GuestHello(
            version: number(), instance: bytes(), pid: number(), userID: number(), groupID: number(), architecture: text(),
            workingDirectory: bytes(), capabilities: list { $0.text() })
    }

    /// One request of every kind.
    mutating func requests() -> [GuestRequest] {
        [
            .startExec(start()), .attachExec(id: text(), standardOutput: number(), standardError: number()), .listExecs,
            .signalExec(id: text(), signal: number(), wholeTree: flag()), .cancelExec(id: text()), .forgetExec(id: text()),
            .readFile(path: bytes(), offset: number(), length: number()),
            .writeFile(path: bytes(), options: options(), content: bytes(400)),
            .readStream(path: bytes(), offset: number(), length: flag() ? number() : nil),
            .writeStream(path: bytes(), options: options()), .stat(path: bytes(), followsLinks: flag()),
            .list(path: bytes(), cursor: bytes(), limit: number()),
            .makeDirectory(path: bytes(), mode: number(), parents: flag()), .remove(path: bytes(), recursive: flag()),
            .move(from: bytes(), to: bytes(), overwrite: flag()), .makeSymbolicLink(path: bytes(), target: bytes()),
            .changeMode(path: bytes(), mode: number()),
            .glob(root: bytes(), pattern: bytes(), limit: number(), includesHidden: flag()), .grep(query()),
            .watch(path: bytes(), recursive: flag()), .manifest(root: bytes(), digests: flag()),
            .exportTree(root: bytes(), paths: list { $0.bytes() }), .importTree(root: bytes()),
            .fileChunks(path: bytes()), .removeNode(path: bytes(), changed: number(), inode: number()),
            .folderDigests(root: bytes()), .folderEntries(root: bytes(), folders: list { $0.bytes() }), .importTellingStamps(root: bytes()),
            .shutdown(grace: number()),
        ]
    }

    /// One message of every kind that a host sends.
    mutating func hostMessages() -> [HostMessage] {
        [
            .hello(HostHello(oldestVersion: number(), newestVersion: number())), .ping(number()), .input(bytes(400)), .inputEnd,
            .acknowledge(standardOutput: number(), standardError: number()), .signal(number()), .resize(size()), .cancel, .close,
            .credit(number()), .treeEntry(entry()), .chunk(bytes(400)), .streamEnd, .copy(offset: number(), length: number()),
        ] + requests().map { .request($0) }
    }

    /// One message of every kind that a guest sends.
    mutating func guestMessages() -> [GuestMessage] {
        let responses: [GuestResponse] = [
            .done, .started(pid: number()), .execs(list { $0.status() }), .data(bytes: bytes(400), endOfFile: flag()), .entry(entry()),
            .entries(list { $0.entry() }, more: flag()), .matches(list { $0.match() }, truncated: flag()),
        ]
        return [
            .hello(guestHello()), .pong(number()), .failure(failure()),
            .output(stream: pick(OutputStream.self), offset: number(), bytes: bytes(400)), .ended(end()), .credit(number()),
            .treeEntry(entry()), .chunk(bytes(400)), .streamEnd,
            .watch(WatchEvent(path: bytes(), change: pick(WatchEvent.Change.self))), .refused(path: bytes(), reason: text()),
        ] + responses.map { .response($0) }
    }
}
