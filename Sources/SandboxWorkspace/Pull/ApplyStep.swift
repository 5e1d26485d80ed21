/// One step of bringing the host's tree to what was decided. Each can be done again after a crash: whether it was done shows.
enum ApplyStep: Sendable, Equatable {
    /// Moves a file or link out of the tree, to a number in the staging directory.
    case remove(TreePath, expected: Expectation, to: Int)
    case removeFolder(TreePath)
    case makeFolder(TreePath, mode: UInt16)
    /// Moves a staged file or link into the tree. `inode` is the staged node's: where another one has its number, the step was done.
    case place(TreePath, number: Int, inode: UInt64, expected: Expectation)
    case changeMode(TreePath, mode: UInt16, expected: Expectation)

    /// What a path must hold for the step to be done; else somebody changed it meanwhile, and it is left alone.
    enum Expectation: Sendable, Equatable {
        case absent
        case file(FileStamp)
        case link(target: [UInt8])
        case folder
    }

    var path: TreePath {
        switch self {
        case .remove(let path, _, _), .removeFolder(let path), .makeFolder(let path, _), .place(let path, _, _, _),
            .changeMode(let path, _, _):
            path
        }
    }
}

/// The steps with what each path shall be in the end, as they lie on the disk before the first is done.
struct ApplyJournal: Sendable, Equatable {
    var steps: [ApplyStep]
    /// What the base is to be after it, for paths whose steps succeed.
    var results: [Result]

    struct Result: Sendable, Equatable {
        var path: TreePath
        var node: TreeNode?
    }

    private static let magic: [UInt8] = Array("SWJ1".utf8)

    func encoded() -> [UInt8] {
        var sink = ByteSink()
        sink.number(UInt64(steps.count))
        for step in steps { sink.step(step) }
        sink.number(UInt64(results.count))
        for result in results {
            sink.block(result.path.bytes)
            sink.node(result.node)
        }
        return Self.magic + ContentHasher.digest(of: sink.bytes).bytes + sink.bytes
    }

    /// Nil for a journal that was cut off: then no step of it was done.
    init?(decoding bytes: [UInt8]) {
        guard bytes.count > 36, bytes.starts(with: Self.magic),
            ContentHasher.digest(of: Array(bytes[36...])) == ContentDigest(bytes[4..<36])
        else { return nil }
        var source = ByteSource(bytes: Array(bytes[36...]))
        do {
            steps = try (0..<(try source.number())).map { _ in try source.step() }
            results = try (0..<(try source.number())).map { _ in
                Result(path: TreePath(unchecked: Array(try source.block())), node: try source.node())
            }
        } catch { return nil }
    }

    init(steps: [ApplyStep], results: [Result]) {
        self.steps = steps
        self.results = results
    }
}

extension ByteSink {
    fileprivate mutating func step(_ step: ApplyStep) {
        switch step {
        case .remove(_, let expected, let number):
            bytes.append(1)
            expectation(expected)
            self.number(UInt64(number))
        case .removeFolder: bytes.append(2)
        case .makeFolder(_, let mode):
            bytes.append(3)
            number(UInt64(mode))
        case .place(_, let number, let inode, let expected):
            bytes.append(4)
            self.number(UInt64(number))
            self.number(inode)
            expectation(expected)
        case .changeMode(_, let mode, let expected):
            bytes.append(5)
            number(UInt64(mode))
            expectation(expected)
        }
        block(step.path.bytes)
    }

    private mutating func expectation(_ expected: ApplyStep.Expectation) {
        switch expected {
        case .absent: bytes.append(0)
        case .file(let stamp):
            bytes.append(1)
            self.stamp(stamp)
        case .link(let target):
            bytes.append(2)
            block(target)
        case .folder: bytes.append(3)
        }
    }
}

extension ByteSource {
    fileprivate mutating func step() throws -> ApplyStep {
        switch try byte() {
        case 1:
            let (expected, number) = (try expectation(), Int(clamping: try number()))
            return .remove(try path(), expected: expected, to: number)
        case 2: return .removeFolder(try path())
        case 3:
            let mode = UInt16(clamping: try number())
            return .makeFolder(try path(), mode: mode)
        case 4:
            let (number, inode, expected) = (Int(clamping: try number()), try number(), try expectation())
            return .place(try path(), number: number, inode: inode, expected: expected)
        case 5:
            let (mode, expected) = (UInt16(clamping: try number()), try expectation())
            return .changeMode(try path(), mode: mode, expected: expected)
        default: throw Self.damaged
        }
    }

    private mutating func path() throws -> TreePath { TreePath(unchecked: Array(try block())) }

    private mutating func expectation() throws -> ApplyStep.Expectation {
        switch try byte() {
        case 0: return .absent
        case 1:
            guard let stamp = try stamp() else { throw Self.damaged }
            return .file(stamp)
        case 2: return .link(target: Array(try block()))
        case 3: return .folder
        default: throw Self.damaged
        }
    }
}
