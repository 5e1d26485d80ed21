import Glibc
import SandboxCore
import SandboxProcess
import SystemPackage

/// Archives as the engines take and give them (ustar), as far as a few short names need.
enum TapeArchive {
    /// One thing to pack. Paths are absolute in the container, below 100 bytes.
    enum Entry: Sendable {
        case directory(FilePath, mode: UInt32, uid: UInt32, gid: UInt32)
        case bytes(FilePath, mode: UInt32, [UInt8])
        /// A file of the host, owned by the container's root.
        case file(FilePath, mode: UInt32, source: FilePath)
    }

    private static let block = 512
    private static let piece = 256 << 10

    /// The archive, piece by piece; the files are open from now on, so that what is sent is what was looked at.
    static func stream(_ entries: [Entry]) throws -> SandboxStream<[UInt8]> {
        var parts: [Part] = []
        for entry in entries {
            switch entry {
            case .directory(let path, let mode, let uid, let gid):
                parts.append(.bytes(try header(path, kind: 0x35, mode: mode, uid: uid, gid: gid, size: 0)))
            case .bytes(let path, let mode, let bytes):
                parts.append(.bytes(try header(path, kind: 0x30, mode: mode, uid: 0, gid: 0, size: bytes.count) + padded(bytes)))
            case .file(let path, let mode, let source):
                let file = OwnedDescriptor(open(source.string, O_RDONLY | O_CLOEXEC))
                var status = stat()
                guard file.raw >= 0, fstat(file.raw, &status) == 0 else { throw SandboxError.system("opening \(source)", errno) }
                parts.append(.bytes(try header(path, kind: 0x30, mode: mode, uid: 0, gid: 0, size: Int(status.st_size))))
                parts.append(.file(file, size: Int(status.st_size), source))
            }
        }
        parts.append(.bytes([UInt8](repeating: 0, count: 2 * block)))
        let packing = Packing(parts)
        return SandboxStream { try await packing.next() }
    }

    private enum Part: Sendable {
        case bytes([UInt8])
        case file(OwnedDescriptor, size: Int, FilePath)
    }

    private actor Packing {
        private var parts: ArraySlice<Part>
        private var offset = 0

        init(_ parts: [Part]) { self.parts = parts[...] }

        func next() throws -> [UInt8]? {
            guard let part = parts.first else { return nil }
            guard case .file(let file, let size, let source) = part else {
                parts.removeFirst()
                if case .bytes(let bytes) = part { return bytes }
                return nil
            }
            let wanted = min(TapeArchive.piece, size - offset)
            let bytes = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
                count = max(0, pread(file.raw, buffer.baseAddress, wanted, off_t(offset)))
            }
            guard bytes.count == wanted else {
                throw SandboxError(.conflict, "\(source) changed while it was sent", remedy: "try again")
            }
            offset += wanted
            guard offset == size else { return bytes }
            offset = 0
            parts.removeFirst()
            return bytes + [UInt8](repeating: 0, count: TapeArchive.padding(size))
        }
    }

    /// The content of the first regular file in an archive; nil when there is none or the archive is broken.
    static func firstFile(_ archive: [UInt8]) -> [UInt8]? {
        var position = 0
        while position + block <= archive.count {
            let header = archive[position..<position + block]
            let digits = header.dropFirst(124).prefix(12).filter { $0 >= 0x30 && $0 <= 0x37 }
            guard let size = Int(String(decoding: digits, as: UTF8.self), radix: 8), size >= 0, size <= archive.count - position - block
            else {
                return nil
            }
            let kind = archive[position + 156]
            let start = position + block
            if kind == 0x30 || kind == 0 { return Array(archive[start..<start + size]) }
            // What describes the next entry is passed over; anything else that is no file is no answer.
            guard kind == 0x78 || kind == 0x67 || kind == 0x4C else { return nil }
            position = start + size + padding(size)
        }
        return nil
    }

    private static func padding(_ size: Int) -> Int { (block - size % block) % block }
    private static func padded(_ bytes: [UInt8]) -> [UInt8] { bytes + [UInt8](repeating: 0, count: padding(bytes.count)) }

    private static func header(_ path: FilePath, kind: UInt8, mode: UInt32, uid: UInt32, gid: UInt32, size: Int) throws -> [UInt8] {
        let name = Array(path.string.utf8.drop { $0 == UInt8(ascii: "/") }) + (kind == 0x35 ? [UInt8(ascii: "/")] : [])
        guard name.count < 100 else {
            throw SandboxError(.invalidArgument, "the path \(path) is too long to be sent into a container", remedy: "use a shorter one")
        }
        var bytes = [UInt8](repeating: 0, count: block)
        func put(_ field: some Collection<UInt8>, at offset: Int) {
            for (index, byte) in field.enumerated() { bytes[offset + index] = byte }
        }
        func number(_ value: Int, at offset: Int, digits: Int) {
            let text = String(value, radix: 8)
            guard text.utf8.count > digits else {
                return put(String(repeating: "0", count: digits - text.utf8.count).utf8 + Array(text.utf8), at: offset)
            }
            // Numbers beyond the field's digits are written in binary, as all of today's readers know it.
            var rest = value
            for index in stride(from: digits, to: 0, by: -1) {
                bytes[offset + index] = UInt8(rest & 0xFF)
                rest >>= 8
            }
            bytes[offset] = 0x80
        }
        put(name, at: 0)
        number(Int(mode), at: 100, digits: 7)
        number(Int(uid), at: 108, digits: 7)
        number(Int(gid), at: 116, digits: 7)
        number(size, at: 124, digits: 11)
        number(0, at: 136, digits: 11)
        bytes[156] = kind
        put("ustar\u{0}00".utf8, at: 257)
        put([UInt8](repeating: 0x20, count: 8), at: 148)
        let sum = bytes.reduce(0) { $0 + Int($1) }
        number(sum, at: 148, digits: 6)
        bytes[154] = 0
        return bytes
    }
}
