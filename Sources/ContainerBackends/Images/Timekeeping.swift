import Foundation

/// Times as engines write them.
enum Timekeeping {
    /// Seconds since 1970.
    static func now() -> Int64 { Int64(Date().timeIntervalSince1970) }

    /// Seconds since 1970 of `2024-05-01T12:00:00.123456789Z`; nil for anything else.
    static func seconds(_ text: String?) -> Int64? {
        guard let text, text.count >= 19 else { return nil }
        // Fractions are of no use here, and not every parser takes nine digits.
        let head = text.prefix(19)
        let zone = text.dropFirst(19).drop { $0 == "." || $0.isNumber }
        guard let date = try? Date(String(head) + (zone.isEmpty ? "Z" : String(zone)), strategy: .iso8601) else { return nil }
        return Int64(date.timeIntervalSince1970)
    }
}
