internal import CSandlotSystem
internal import GuestFiles
internal import GuestProtocol

/// What a file request's stream still expects. The service ends every stream, also one that the host has closed.
struct FileConversation {
    private let endsWithResponse: Bool

    init(_ request: GuestRequest) {
        endsWithResponse =
            switch request {
            case .readStream, .writeStream, .manifest, .exportTree, .importTree, .watch, .fileChunks, .folderDigests, .folderEntries,
                .importTellingStamps:
                false
            default: true
            }
    }

    /// True when nothing follows `message`.
    func isLast(_ message: GuestMessage) -> Bool {
        switch message {
        case .failure, .streamEnd: true
        case .response: endsWithResponse
        default: false
        }
    }
}

/// The file service, whose streams are told apart by channel and number. Its answers come from its own threads through a wake-up descriptor.
final class FileConversations {
    private let service: FileService
    private var watch: EventLoop.Watch?

    init(loop: EventLoop, deliver: @escaping (_ channel: UInt32, _ stream: UInt32, GuestMessage) -> Void) throws(StartFailure) {
        let wakeup = sandlot_wakeup_create()
        guard wakeup >= 0 else { throw StartFailure("cannot create a wake-up descriptor") }
        let service = FileService(notify: { sandlot_wakeup_signal(wakeup) })
        self.service = service
        let watch = loop.watch(wakeup) { _ in
            sandlot_wakeup_clear(wakeup)
            service.drain { key, message in deliver(UInt32(truncatingIfNeeded: key >> 32), UInt32(truncatingIfNeeded: key), message) }
        }
        watch.want(SANDLOT_READABLE)
        self.watch = watch
    }

    func submit(_ request: GuestRequest, channel: UInt32, stream: UInt32) {
        service.submit(stream: key(channel, stream), request: request)
    }

    func deliver(_ message: HostMessage, channel: UInt32, stream: UInt32) {
        service.deliver(stream: key(channel, stream), message: message)
    }

    func abandon(channel: UInt32, stream: UInt32) { service.abandon(stream: key(channel, stream)) }

    private func key(_ channel: UInt32, _ stream: UInt32) -> UInt64 { UInt64(channel) << 32 | UInt64(stream) }
}
