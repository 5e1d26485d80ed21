import SandboxCore
import SandboxProcess

/// The pipe that lets a guest begin. Until a byte comes it does nothing; when the other end closes first, it ends: so a sandbox that was
/// never recorded, or whose maker died, ends by itself.
struct BirthPipe {
    let guestEnd: OwnedDescriptor
    private let ourEnd: OwnedDescriptor

    init() throws {
        let pipe = try Descriptors.blockingPipe()
        guestEnd = pipe.reading
        ourEnd = pipe.writing
    }

    func permit() throws { try ourEnd.write([1]) }
    func refuse() { ourEnd.close() }
}
