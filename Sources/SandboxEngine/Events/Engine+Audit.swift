public import SandboxCore
import SandboxStore

extension Engine {
    /// Tells the feed who asked for a change over a face that others reach: the operation, the holder's public name, and what it was about. Nothing
    /// that was sent may be part of the facts.
    public func noteChange(_ operation: String, by holder: String, session: SessionID?, _ facts: [String: String] = [:]) {
        let payload = facts.merging(["operation": operation, "token": holder]) { $1 }
        store.enqueue { try $0.announce(.changeAsked, session: session, payload) }
    }
}
