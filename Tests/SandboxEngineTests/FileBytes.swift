import Foundation

extension [UInt8] {
    init(contentsOfFile path: String) throws { self = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }

    /// Files of `/proc` have no size.
    init(contentsOfProc path: String) throws {
        self = [UInt8](try FileHandle(forReadingFrom: URL(fileURLWithPath: path)).readToEnd() ?? Data())
    }
}
