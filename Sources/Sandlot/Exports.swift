// One import is enough for a program that embeds Sandlot: requests, results, errors and paths come with it.
@_exported public import SandboxCore
@_exported public import SandboxEngine
@_exported public import SandboxWorkspace
@_exported public import SystemPackage
