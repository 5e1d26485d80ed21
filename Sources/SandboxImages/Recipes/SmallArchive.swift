/// Archives of single files in the form of `tar`: what builders take and engines hand out.
public enum SmallArchive {
    /// An archive with one file. The name is at most 100 bytes.
    public static func containing(_ name: String, _ bytes: [UInt8]) -> [UInt8] {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at offset: Int) { header.replaceSubrange(offset..<offset + text.utf8.count, with: Array(text.utf8)) }
        func octal(_ value: Int, width: Int) -> String {
            let digits = String(value, radix: 8)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        put(String(name.prefix(100)), at: 0)
        put("0000644", at: 100)
        put("0000000", at: 108)
        put("0000000", at: 116)
        put(octal(bytes.count, width: 11), at: 124)
        put("00000000000", at: 136)
        put("        ", at: 148)
        put("0", at: 156)
        put("ustar", at: 257)
        put("00", at: 263)
        let sum = header.reduce(0) { $0 + Int($1) }
        put(octal(sum, width: 6), at: 148)
        header[154] = 0
        let padding = [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512)
        return header + bytes + padding + [UInt8](repeating: 0, count: 1024)
    }

    /// The content of the first entry if it is a regular file; nil for anything else, as for a symbolic link.
    public static func firstFile(in archive: [UInt8]) -> [UInt8]? {
        var offset = 0
        // Extended headers come before the entry that they describe.
        for _ in 0..<4 {
            guard archive.count >= offset + 512 else { return nil }
            let header = archive[offset..<offset + 512]
            let kind = header[header.startIndex + 156]
            let digits = header[(header.startIndex + 124)..<(header.startIndex + 136)].filter { $0 >= 0x30 && $0 <= 0x37 }
            guard let size = Int(String(decoding: digits, as: UTF8.self), radix: 8), size >= 0, size <= archive.count else { return nil }
            let content = offset + 512
            if kind == 0x78 || kind == 0x67 {
                offset = content + (size + 511) / 512 * 512
                continue
            }
            guard kind == 0x30 || kind == 0, archive.count >= content + size else { return nil }
            return Array(archive[content..<content + size])
        }
        return nil
    }
}
