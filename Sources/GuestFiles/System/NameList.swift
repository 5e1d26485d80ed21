internal import Glibc
internal import GuestProtocol

/// The names of one directory, packed into one buffer: a million of them cost their bytes and 12 more each.
struct NameList {
    private struct Item {
        let start: UInt32
        let count: UInt16
        let kind: UInt8
    }

    private var bytes: [UInt8] = []
    private var items: [Item] = []

    var count: Int { items.count }
    var isEmpty: Bool { items.isEmpty }

    mutating func append(_ name: UnsafeBufferPointer<UInt8>, _ kind: FileKind?) {
        items.append(
            Item(start: UInt32(truncatingIfNeeded: bytes.count), count: UInt16(truncatingIfNeeded: name.count), kind: kind?.rawValue ?? 0))
        bytes.append(contentsOf: name)
    }

    func name(_ index: Int) -> [UInt8] {
        let item = items[index]
        return Array(bytes[Int(item.start)..<(Int(item.start) + Int(item.count))])
    }

    /// Nil where the file system did not tell.
    func kind(_ index: Int) -> FileKind? { FileKind(rawValue: items[index].kind) }

    /// Sorts by the bytes of the names, as unsigned numbers.
    mutating func sort() {
        bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            items.sort { left, right in
                let order = memcmp(base + Int(left.start), base + Int(right.start), Int(min(left.count, right.count)))
                return order != 0 ? order < 0 : left.count < right.count
            }
        }
    }

    /// Keeps the first `limit` names and gives back the memory of the others.
    mutating func cut(to limit: Int) {
        guard items.count > limit else { return }
        var kept = NameList()
        kept.bytes.reserveCapacity(bytes.count)
        bytes.withUnsafeBufferPointer { buffer in
            for item in items.prefix(limit) {
                kept.append(
                    UnsafeBufferPointer(rebasing: buffer[Int(item.start)..<(Int(item.start) + Int(item.count))]),
                    FileKind(rawValue: item.kind))
            }
        }
        self = kept
    }

    /// All names of a directory that is open for reading, sorted.
    static func sorted(of directory: Descriptor, _ label: [UInt8]) throws -> NameList {
        var list = NameList()
        guard let reader = DirectoryReader(directory) else { throw GuestFailure.last("read the directory", label) }
        do {
            while try reader.next({ list.append($0, $1) }) {}
        } catch let error as DirectoryReader.ReadError {
            throw GuestFailure.system(error.number, "read the directory", label)
        }
        list.sort()
        return list
    }
}
