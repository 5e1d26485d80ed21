import SandboxCore
import Testing

@testable import MicroVMBackends

@Suite("The kernel of a machine and its first file system", .timeLimit(.minutes(1)))
struct KernelTests {
    private let dependencies = """
        kernel/drivers/virtio/virtio_ring.ko:
        kernel/drivers/virtio/virtio.ko: kernel/drivers/virtio/virtio_ring.ko
        kernel/drivers/block/virtio_blk.ko: kernel/drivers/virtio/virtio.ko kernel/drivers/virtio/virtio_ring.ko
        kernel/drivers/char/hw_random/virtio-rng.ko: kernel/drivers/virtio/virtio.ko kernel/drivers/virtio/virtio_ring.ko
        """

    @Test("modules are loaded behind those that they need, each once")
    func modulesAreOrdered() throws {
        let order = try MachineKernel.order(of: ["virtio_blk", "virtio_rng"], dependencies: dependencies, builtin: "")
        #expect(
            order == [
                "kernel/drivers/virtio/virtio_ring.ko", "kernel/drivers/virtio/virtio.ko", "kernel/drivers/block/virtio_blk.ko",
                "kernel/drivers/char/hw_random/virtio-rng.ko",
            ])
    }

    @Test("what is built in is not loaded, and what is missing is told with the remedy")
    func missingModules() throws {
        #expect(try MachineKernel.order(of: ["ext4"], dependencies: dependencies, builtin: "kernel/fs/ext4/ext4.ko\n") == [])
        let error = #expect(throws: SandboxError.self) {
            _ = try MachineKernel.order(of: ["overlay"], dependencies: dependencies, builtin: "")
        }
        #expect(error?.code == .unavailable && error?.remedy != nil)
    }

    @Test("the first file system is what the kernel reads: names and contents end at multiples of four")
    func ramdisk() throws {
        var disk = InitialRamdisk()
        disk.addFolder("dev")
        disk.addConsole()
        disk.addFile("init", executable: true, Array("hello".utf8))
        disk.finish()
        let text = String(decoding: disk.bytes, as: UTF8.self)
        #expect(text.hasPrefix("070701"))
        #expect(text.components("070701") == 4)
        #expect(text.contains("init\0\0hello\0\0\0070701"))
        #expect(disk.bytes.count % 4 == 0)
        #expect(text.contains("TRAILER!!!\0"))
    }
}

extension String {
    /// How often a text is in it.
    fileprivate func components(_ text: String) -> Int { ranges(of: text).count }
}
