import SandboxCore

/// A number of bytes as people write it: `512M`, `1.5GiB`, `65536`. Units are binary, as Docker's are: k is 1024 bytes.
public enum ByteSize {
    private static let units: [(name: String, bytes: UInt64)] = [("T", 1 << 40), ("G", 1 << 30), ("M", 1 << 20), ("K", 1 << 10)]

    /// Reads a size; throws `invalidArgument` for anything that is not one, for negative numbers, and for what exceeds 8 EiB.
    public static func parse(_ text: String) throws -> UInt64 {
        let refusal = SandboxError(
            .invalidArgument, "'\(text.prefix(80))' is not a size", remedy: "write a number with K, M, G or T, such as 512M or 1.5G")
        let digits = text.prefix { ("0"..."9").contains($0) || $0 == "." }
        guard !digits.isEmpty, digits.first != ".", digits.last != "." else { throw refusal }
        var unit = text.dropFirst(digits.count).lowercased()
        if unit.hasSuffix("ib"), unit.count == 3 { unit.removeLast(2) } else if unit.hasSuffix("b") { unit.removeLast() }
        var factor: UInt64 = 1
        if !unit.isEmpty {
            guard let known = units.first(where: { $0.name.lowercased() == unit }) else { throw refusal }
            factor = known.bytes
        }
        if let whole = UInt64(digits) {
            let (bytes, overflow) = whole.multipliedReportingOverflow(by: factor)
            guard !overflow, bytes <= UInt64(Int64.max) else { throw refusal }
            return bytes
        }
        guard let fraction = Double(digits), fraction * Double(factor) < Double(Int64.max) else { throw refusal }
        return UInt64((fraction * Double(factor)).rounded())
    }

    /// The shortest exact text that `parse` reads back: `512M`, or the plain number where no unit divides it.
    public static func text(_ bytes: UInt64) -> String {
        guard bytes > 0, let unit = units.first(where: { bytes.isMultiple(of: $0.bytes) }) else { return String(bytes) }
        return "\(bytes / unit.bytes)\(unit.name)"
    }
}
