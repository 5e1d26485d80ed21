internal import Glibc
internal import GuestProtocol

let slash = UInt8(ascii: "/")

extension [UInt8] {
    static let dot: [UInt8] = [UInt8(ascii: ".")]
    static let dotDot: [UInt8] = [UInt8(ascii: "."), UInt8(ascii: ".")]

    /// Lends the bytes with a NUL behind them.
    func withPath<Result>(_ body: (UnsafePointer<CChar>) throws -> Result) rethrows -> Result {
        try withUnsafeTemporaryAllocation(of: CChar.self, capacity: count + 1) { buffer in
            for index in indices { buffer[index] = CChar(bitPattern: self[index]) }
            buffer[count] = 0
            guard let base = buffer.baseAddress else { preconditionFailure("a buffer of at least one byte has an address") }
            return try body(base)
        }
    }

    /// `self` and `name` with one slash between them; `name` alone when `self` is empty.
    func appending(name: [UInt8]) -> [UInt8] {
        if isEmpty { return name }
        var path = self
        path.reserveCapacity(count + 1 + name.count)
        if path.last != slash { path.append(slash) }
        path.append(contentsOf: name)
        return path
    }

    /// For messages: what is not UTF-8 becomes U+FFFD.
    var shown: String { String(decoding: self, as: UTF8.self) }
}

/// Checks on the paths of requests, and their parts.
enum Paths {
    /// Refuses what is not an absolute path that the kernel could take.
    static func check(_ path: [UInt8]) throws {
        guard path.first == slash else { throw GuestFailure.invalid("a path must be absolute", path) }
        guard !path.contains(0) else { throw GuestFailure.invalid("a path must not contain NUL", path) }
        guard path.count < FileLimits.path else { throw GuestFailure.invalid("a path must be shorter than \(FileLimits.path) bytes", path) }
    }

    /// The folder and the last name of an absolute path; slashes at its end are dropped. The name is empty for the root.
    static func split(_ path: [UInt8]) -> (parent: [UInt8], name: [UInt8]) {
        var end = path.count
        while end > 1, path[end - 1] == slash { end -= 1 }
        guard let cut = path[..<end].lastIndex(of: slash) else { return (.dot, Array(path[..<end])) }
        return (cut == 0 ? [slash] : Array(path[..<cut]), Array(path[(cut + 1)..<end]))
    }

    /// Opens the folder that holds `path`, for calls that work on a name in it; refuses names that are no names.
    static func openParent(of path: [UInt8], _ action: String) throws -> (directory: Descriptor, name: [UInt8]) {
        try check(path)
        let (parent, name) = split(path)
        guard !name.isEmpty, name != .dot, name != .dotDot else {
            throw GuestFailure.invalid("cannot \(action) a path that ends in no name", path)
        }
        guard let directory = Descriptor.open(parent, flags: OpenFlag.path | O_DIRECTORY) else {
            throw GuestFailure.last("open the folder to \(action)", path)
        }
        return (directory, name)
    }

    /// Opens the directory that a tree operation starts from; a link as its last component is followed.
    static func openRoot(_ path: [UInt8], readable: Bool = true) throws -> Descriptor {
        try check(path)
        guard let root = Descriptor.open(path, flags: (readable ? O_RDONLY : OpenFlag.path) | O_DIRECTORY) else {
            throw GuestFailure.last("open the root directory", path)
        }
        return root
    }

    /// The names of a relative path, or why it cannot be trusted.
    static func components(ofRelative path: [UInt8]) -> Result<[[UInt8]], Refusal> {
        guard !path.isEmpty else { return .failure(Refusal("the path is empty")) }
        guard path.count <= FileLimits.treePath else { return .failure(Refusal("the path is longer than \(FileLimits.treePath) bytes")) }
        guard path.first != slash else { return .failure(Refusal("the path is absolute")) }
        guard !path.contains(0) else { return .failure(Refusal("the path contains NUL")) }
        let names = path.split(separator: slash, omittingEmptySubsequences: false).map(Array.init)
        for name in names {
            if name.isEmpty { return .failure(Refusal("the path has an empty component")) }
            if name == .dot || name == .dotDot { return .failure(Refusal("the path has a component . or ..")) }
        }
        return .success(names)
    }

    /// True when `left` comes before `right` in the order of trees: component by component, bytes compared as unsigned numbers.
    /// That is the order of whole paths in which a slash is lower than every other byte.
    static func precedes(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        let common = Swift.min(left.count, right.count)
        for index in 0..<common where left[index] != right[index] {
            if left[index] == slash { return true }
            if right[index] == slash { return false }
            return left[index] < right[index]
        }
        return left.count < right.count
    }
}

/// Why one entry of a tree is not taken.
struct Refusal: Error, Equatable {
    let reason: String
    init(_ reason: String) { self.reason = reason }
}
