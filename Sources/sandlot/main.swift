import SandboxCommands

CommandLineFace.main()
