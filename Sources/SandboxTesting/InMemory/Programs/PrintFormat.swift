/// `printf`: the escapes, `%s %d %b %c %%`; the format is used again while arguments are left.
enum PrintFormat {
    static func format(_ format: String, _ arguments: [String]) -> [UInt8] {
        var rest = arguments[...]
        var result: [UInt8] = []
        repeat {
            let before = rest.count
            result += once(Array(format.utf8), &rest)
            if rest.count == before { break }
        } while !rest.isEmpty
        return result
    }

    private static func once(_ format: [UInt8], _ rest: inout ArraySlice<String>) -> [UInt8] {
        var result: [UInt8] = []
        var index = 0
        while index < format.count {
            let byte = format[index]
            index += 1
            if byte == UInt8(ascii: "\\") {
                result += escape(format, &index)
            } else if byte == UInt8(ascii: "%"), index < format.count {
                let kind = format[index]
                index += 1
                switch kind {
                case UInt8(ascii: "%"): result.append(kind)
                case UInt8(ascii: "d"): result += Array(String(Int(rest.popFirst() ?? "0") ?? 0).utf8)
                case UInt8(ascii: "b"):
                    let text = Array((rest.popFirst() ?? "").utf8)
                    var inner = 0
                    while inner < text.count {
                        inner += 1
                        if text[inner - 1] == UInt8(ascii: "\\") { result += escape(text, &inner) } else { result.append(text[inner - 1]) }
                    }
                default: result += Array((rest.popFirst() ?? "").utf8)
                }
            } else {
                result.append(byte)
            }
        }
        return result
    }

    private static func escape(_ text: [UInt8], _ index: inout Int) -> [UInt8] {
        guard index < text.count else { return [UInt8(ascii: "\\")] }
        let kind = text[index]
        if (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(kind) {
            var value = 0
            var digits = 0
            while index < text.count, digits < 3, (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(text[index]) {
                value = value * 8 + Int(text[index] - UInt8(ascii: "0"))
                digits += 1
                index += 1
            }
            return [UInt8(truncatingIfNeeded: value)]
        }
        index += 1
        switch kind {
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "a"): return [0x07]
        case UInt8(ascii: "\\"): return [0x5C]
        default: return [0x5C, kind]
        }
    }
}
