import SandboxCore
public import SystemPackage

extension FilePath {
    /// A path of these bytes. Throws `invalidArgument` for a NUL.
    public init(bytes: [UInt8]) throws {
        guard !bytes.contains(0) else {
            throw SandboxError(.invalidArgument, "a path holds a NUL byte", remedy: "leave it out")
        }
        self = (bytes + [0]).withUnsafeBufferPointer { buffer in
            buffer.withMemoryRebound(to: CChar.self) { text in
                text.baseAddress.map { FilePath(platformString: $0) } ?? FilePath("")
            }
        }
    }

    /// The path's bytes, without the NUL that ends them in memory.
    public var bytes: [UInt8] {
        withPlatformString { text in
            let count = length
            return UnsafeBufferPointer(start: text, count: count).map { UInt8(bitPattern: $0) }
        }
    }
}
