/// An archive of one file, as the service takes it: tar in gzip. Not compressed: the guest is sent once, and this needs no library.
enum GzipTar {
    private static let largestBlock = 65_535

    static func archive(_ content: [UInt8], named name: String, mode: Int) -> [UInt8] {
        var tar = extended(name) + header("guest", size: content.count, mode: mode, kind: "0") + content
        tar += [UInt8](repeating: 0, count: padding(content.count) + 1024)
        return gzip(tar)
    }

    /// A name of any length comes in a record of its own.
    private static func extended(_ name: String) -> [UInt8] {
        let field = " path=\(name)\n"
        var length = field.utf8.count + 1
        while "\(length)".utf8.count + field.utf8.count != length { length = "\(length)".utf8.count + field.utf8.count }
        let record = Array("\(length)\(field)".utf8)
        return header("pax", size: record.count, mode: 0o644, kind: "x") + record + [UInt8](repeating: 0, count: padding(record.count))
    }

    private static func padding(_ count: Int) -> Int { (512 - count % 512) % 512 }

    private static func header(_ name: String, size: Int, mode: Int, kind: String) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at offset: Int) { for (index, byte) in text.utf8.enumerated() { block[offset + index] = byte } }
        func octal(_ number: Int, _ digits: Int) -> String {
            let text = String(number, radix: 8)
            return String(repeating: "0", count: digits - text.count) + text
        }
        put(name, at: 0)
        put(octal(mode, 7), at: 100)
        put(octal(0, 7), at: 108)
        put(octal(0, 7), at: 116)
        put(octal(size, 11), at: 124)
        put(octal(0, 11), at: 136)
        put("        ", at: 148)
        put(kind, at: 156)
        put("ustar\0" + "00", at: 257)
        put(octal(block.reduce(0) { $0 + Int($1) }, 6) + "\0 ", at: 148)
        return block
    }

    private static func gzip(_ bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF]
        out.reserveCapacity(bytes.count + bytes.count / largestBlock * 5 + 64)
        func little(_ number: UInt32, _ count: Int) {
            for index in 0..<count { out.append(UInt8(truncatingIfNeeded: number >> (8 * index))) }
        }
        var start = 0
        repeat {
            let end = min(start + largestBlock, bytes.count)
            out.append(end == bytes.count ? 1 : 0)
            let length = UInt32(end - start)
            little(length, 2)
            little(~length, 2)
            out += bytes[start..<end]
            start = end
        } while start < bytes.count
        little(checksum(bytes), 4)
        little(UInt32(truncatingIfNeeded: bytes.count), 4)
        return out
    }

    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        let table = (0..<256).map { (number: UInt32) -> UInt32 in
            (0..<8).reduce(number) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ value >> 1 : value >> 1 }
        }
        var sum: UInt32 = 0xFFFF_FFFF
        bytes.withUnsafeBufferPointer { bytes in
            table.withUnsafeBufferPointer { table in
                for byte in bytes { sum = table[Int((sum ^ UInt32(byte)) & 0xFF)] ^ sum >> 8 }
            }
        }
        return ~sum
    }
}
