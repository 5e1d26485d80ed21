import Glibc

/// A path below the root of a workspace, as bytes: names need not be text. Never empty, never absolute, without empty, `.` and `..` parts.
///
/// Paths are ordered so that all that lies below a directory comes directly after it: as bytes, with the slash lower than any other.
public struct TreePath: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Parts joined by slashes.
    public let bytes: [UInt8]

    static let slash = UInt8(ascii: "/")

    /// Nil for what is no such path.
    public init?(_ bytes: [UInt8]) {
        guard Self.isPath(bytes) else { return nil }
        self.bytes = bytes
    }

    private static func isPath(_ bytes: [UInt8]) -> Bool {
        let dot = UInt8(ascii: ".")
        // Of the part that is looked at: its length, and whether it is dots so far.
        var (length, isDots) = (0, true)
        return bytes.withUnsafeBufferPointer { bytes in
            for byte in bytes {
                if byte == slash {
                    if length == 0 || isDots && length <= 2 { return false }
                    (length, isDots) = (0, true)
                } else {
                    if byte == 0 { return false }
                    length += 1
                    if byte != dot { isDots = false }
                }
            }
            return length > 0 && !(isDots && length <= 2)
        }
    }

    /// Nil for what is no such path.
    public init?(_ text: String) { self.init(Array(text.utf8)) }

    init(unchecked bytes: [UInt8]) { self.bytes = bytes }

    /// The last part.
    public var name: ArraySlice<UInt8> { bytes.lastIndex(of: Self.slash).map { bytes[($0 + 1)...] } ?? bytes[...] }

    /// The directory that it lies in; nil when that is the root.
    public var parent: TreePath? { bytes.lastIndex(of: Self.slash).map { TreePath(unchecked: Array(bytes[..<$0])) } }

    /// Its parts.
    public var parts: [ArraySlice<UInt8>] { bytes.split(separator: Self.slash) }

    /// Whether it lies below a directory, at any depth.
    public func isBelow(_ directory: TreePath) -> Bool {
        bytes.count > directory.bytes.count && bytes[directory.bytes.count] == Self.slash && bytes.starts(with: directory.bytes)
    }

    /// Whether it lies directly in a directory.
    func isChild(of directory: TreePath) -> Bool { isBelow(directory) && name.count == bytes.count - directory.bytes.count - 1 }

    /// A path with one more part.
    func appending(_ name: some Collection<UInt8>) -> TreePath {
        var longer = bytes
        longer.reserveCapacity(bytes.count + name.count + 1)
        longer.append(Self.slash)
        longer.append(contentsOf: name)
        return TreePath(unchecked: longer)
    }

    /// Equal bytes.
    public static func == (left: TreePath, right: TreePath) -> Bool {
        left.bytes.withUnsafeBytes { left in
            right.bytes.withUnsafeBytes { right in
                guard left.count == right.count else { return false }
                guard let one = left.baseAddress, let other = right.baseAddress else { return true }
                return memcmp(one, other, left.count) == 0
            }
        }
    }

    /// All bytes at once: one by one takes far longer.
    public func hash(into hasher: inout Hasher) { bytes.withUnsafeBytes { hasher.combine(bytes: $0) } }

    /// The order of a walk.
    public static func < (left: TreePath, right: TreePath) -> Bool {
        left.bytes.withUnsafeBufferPointer { left in
            right.bytes.withUnsafeBufferPointer { right in
                for index in 0..<min(left.count, right.count) where left[index] != right[index] {
                    if left[index] == slash { return true }
                    if right[index] == slash { return false }
                    return left[index] < right[index]
                }
                return left.count < right.count
            }
        }
    }

    /// As text; what is no UTF-8 is shown by replacement characters.
    public var description: String { String(decoding: bytes, as: UTF8.self) }
}
