import NIOHTTP1

extension HTTPHeaders {
    /// As plain values.
    var fields: HTTPFields { HTTPFields(map { (name: $0.name, value: $0.value) }) }
}

extension Duration {
    /// In nanoseconds, held within `Int64`.
    var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max : whole.addingReportingOverflow(attoseconds / 1_000_000_000).partialValue
    }
}
