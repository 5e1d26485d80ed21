/// Text that must not be seen: printing, interpolating, dumping or encoding it yields `‹secret›`.
public struct Secret: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let text: String

    /// Wraps the text.
    public init(_ text: String) { self.text = text }

    /// The text itself, for the one place that sends it to where it belongs.
    public func reveal() -> String { text }

    /// What is shown in its place.
    public static let placeholder = "‹secret›"
    /// Never the text.
    public var description: String { Self.placeholder }
    /// Never the text.
    public var debugDescription: String { Self.placeholder }
    /// Without children, so that `dump` shows nothing.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
