#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The order of names: by bytes, as `LC_ALL=C ls` has it.
enum NameOrder {
    /// Directories of thousands of names are sorted for every page, which a loop over single bytes makes slow in debug builds.
    static func precedes(_ left: Name, _ right: Name) -> Bool {
        let order = left.withUnsafeBytes { left in
            right.withUnsafeBytes { right in
                guard let one = left.baseAddress, let other = right.baseAddress else { return Int32(0) }
                return memcmp(one, other, min(left.count, right.count))
            }
        }
        return order == 0 ? left.count < right.count : order < 0
    }
}
