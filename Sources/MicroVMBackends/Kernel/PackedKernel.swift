import Glibc
import SandboxCore
import SandboxProcess
import SystemPackage

/// A kernel as distributions ship it: a loader with the kernel itself packed inside.
struct PackedKernel {
    private let path: FilePath

    /// Packed, and unpacked.
    private static let mostBytes = 512 << 20
    private static let deadline = Duration.seconds(120)

    init(_ path: FilePath) { self.path = path }

    /// A program that unpacks what begins with these bytes.
    struct Packing {
        let magic: [UInt8]
        let program: String
        let arguments: [String]
        let package: String
        /// The loader wants the unpacked length behind it; with gzip it is part of the format.
        let hasLength: Bool
    }

    static let packings = [
        Packing(magic: [0x1F, 0x8B], program: "gzip", arguments: ["-dc"], package: "gzip", hasLength: false),
        Packing(
            magic: [0xFD, 0x37, 0x7A, 0x58, 0x5A], program: "xz", arguments: ["-dc", "--single-stream"], package: "xz-utils",
            hasLength: true),
        Packing(magic: [0x28, 0xB5, 0x2F, 0xFD], program: "zstd", arguments: ["-dcq"], package: "zstd", hasLength: true),
        Packing(magic: [0x02, 0x21, 0x4C, 0x18], program: "lz4", arguments: ["-dc"], package: "lz4", hasLength: true),
    ]
    private static let elf: [UInt8] = [0x7F, 0x45, 0x4C, 0x46]

    /// Writes the kernel itself into a new file.
    func unpack(to target: FilePath, _ host: MachineHost) async throws {
        let file = try HostPaths.real(path, what: "the kernel")
        guard let bytes = try HostDirectory.contents(file, limit: Self.mostBytes) else {
            throw SandboxError(.unavailable, "\(path) is gone")
        }
        if bytes.starts(with: Self.elf) { return try HostDirectory.replace(target, with: bytes, survivesPowerLoss: false) }
        let payload = try Self.payload(bytes[...], of: path)
        guard let packing = Self.packings.first(where: { payload.starts(with: $0.magic) }) else {
            throw SandboxError(
                .unsupported, "the kernel \(path) is packed in a way that is not known here",
                remedy: "use Debian's kernel (apt-get install linux-image-cloud-amd64), or name an unpacked one by the setting kernel")
        }
        guard let program = host.program(packing.program) else {
            throw SandboxError(
                .unavailable, "the kernel \(path) is packed, and there is no \(packing.program) to unpack it",
                remedy: "install it: apt-get install \(packing.package)")
        }
        let packed = FilePath(target.string + ".packed")
        defer { unlink(packed.string) }
        try HostDirectory.replace(packed, with: Array(packing.hasLength ? payload.dropLast(4) : payload), survivesPowerLoss: false)
        let input = OwnedDescriptor(open(packed.string, O_RDONLY | O_CLOEXEC))
        let output = OwnedDescriptor(open(target.string, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600))
        guard input.raw >= 0, output.raw >= 0 else { throw SandboxError.system("unpacking \(path)", errno) }
        var request = SpawnRequest(
            executable: program, arguments: [program.string] + packing.arguments, environment: ["PATH": host.searchPath], leadsSession: true
        )
        request.descriptors = [0: input, 1: output]
        request.limits = [SpawnRequest.Limit(resource: 1, value: UInt64(Self.mostBytes))]
        request.parentDeathSignal = SIGKILL
        let process = try await host.keeper.spawn(request)
        do {
            let ending = try await withDeadline(Self.deadline, for: "unpacking \(path)") { try await process.wait() }
            var magic = [UInt8](repeating: 0, count: Self.elf.count)
            guard ending == .exited(0), pread(output.raw, &magic, magic.count, 0) == magic.count, magic == Self.elf else {
                throw SandboxError(
                    .unavailable, "\(program) could not unpack the kernel \(path) (\(ending))",
                    remedy: "install the kernel anew: apt-get install --reinstall linux-image-cloud-amd64")
            }
        } catch {
            try? process.signal(SIGKILL)
            throw error
        }
    }

    /// The packed kernel within the file, where the boot protocol's header says that it is.
    static func payload(_ bytes: ArraySlice<UInt8>, of path: FilePath) throws -> ArraySlice<UInt8> {
        func number(_ offset: Int) -> Int {
            (0..<4).reduce(0) { $0 | Int(bytes[bytes.startIndex + offset + $1]) << (8 * $1) }
        }
        let refusal = SandboxError(
            .unsupported, "\(path) is no Linux kernel for x86 processors",
            remedy: "name one by the setting kernel, or install Debian's: apt-get install linux-image-cloud-amd64")
        guard bytes.count > 0x250, bytes.dropFirst(0x202).starts(with: Array("HdrS".utf8)) else { throw refusal }
        let sectors = bytes[bytes.startIndex + 0x1F1]
        let begin = (Int(sectors == 0 ? 4 : sectors) + 1) * 512 + number(0x248)
        let length = number(0x24C)
        guard length > 8, begin + length <= bytes.count else { throw refusal }
        return bytes.dropFirst(begin).prefix(length)
    }
}
