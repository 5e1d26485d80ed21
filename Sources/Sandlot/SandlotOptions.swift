import Foundation
public import Logging
public import SystemPackage

/// How a program wants its engine. Whatever is left open comes from the settings file and the environment, as for the command line.
public struct SandlotOptions: Sendable {
    /// Settings by dotted name, over file and environment: `["network": "open"]`.
    public var settings: [String: String]
    /// The environment that settings are read from.
    public var environment: [String: String]
    /// Where sessions and output are kept; nil follows the settings.
    public var dataDirectory: FilePath?
    /// Nil logs to standard error from the level of the settings on.
    public var logger: Logger?

    /// Creates options; without an environment the process' own counts.
    public init(
        settings: [String: String] = [:], environment: [String: String]? = nil, dataDirectory: FilePath? = nil, logger: Logger? = nil
    ) {
        self.settings = settings
        self.environment = environment ?? ProcessInfo.processInfo.environment
        self.dataDirectory = dataDirectory
        self.logger = logger
    }
}
