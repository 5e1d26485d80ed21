import Foundation

extension [UInt8] {
    /// Where a byte is next, from `start` on and before `end`; megabytes pass here, so the search is the C library's.
    func index(of byte: UInt8, from start: Int, to end: Int) -> Int? {
        withUnsafeBytes { bytes -> Int? in
            guard start < end, let base = bytes.baseAddress else { return nil }
            return memchr(base + start, Int32(byte), end - start).map { UnsafeRawPointer($0) - base }
        }
    }
}
