internal import GuestProtocol

/// The answers that wait for the loop thread, in the order in which they were given.
///
/// Unchecked: everything mutable is used only inside `monitor`, which is also the lock of all conversations.
final class Outbox: @unchecked Sendable {
    let monitor = Monitor()
    private let notify: @Sendable () -> Void
    private var items: [(conversation: Conversation, message: GuestMessage)] = []

    init(notify: @escaping @Sendable () -> Void) { self.notify = notify }

    /// Appends inside the monitor; true when the loop must be notified once the monitor has been left.
    func append(_ message: GuestMessage, of conversation: Conversation) -> Bool {
        items.append((conversation, message))
        conversation.waiting += 1
        return items.count == 1
    }

    /// Tells the loop that answers wait. Call it outside the monitor.
    func ring() { notify() }

    /// Hands everything over. What abandoned streams had to say is dropped.
    func drain(_ body: (UInt64, GuestMessage) -> Void) {
        let taken = monitor.locked {
            defer { items = [] }
            for item in items {
                item.conversation.waiting -= 1
                item.conversation.changed.broadcast()
            }
            return items.filter { !$0.conversation.isAbandoned }
        }
        for item in taken { body(item.conversation.stream, item.message) }
    }
}
