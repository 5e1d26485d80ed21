import Foundation

/// Times as the services write them: RFC 3339 in UTC, with milliseconds.
enum CompatTime {
    static func text(milliseconds: Int64) -> String {
        Date(timeIntervalSince1970: Double(milliseconds) / 1000).formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }
}
