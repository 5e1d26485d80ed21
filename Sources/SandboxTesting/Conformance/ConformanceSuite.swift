/// All cases.
public enum ConformanceSuite {
    /// In the order of the report.
    public static let all: [ConformanceCase] =
        DescriptorCases.all + LifecycleCases.all + ExecCases.all + ArgumentCases.all + StreamCases.all + InputCases.all
        + EnvironmentCases.all + DirectoryCases.all + UserCases.all + EndingCases.all + AttachCases.all + SignalCases.all
        + TerminalCases.all + FileCases.all + FolderCases.all + SearchCases.all + TreeCases.all + IsolationCases.all
        + ConfinementCases.all + LimitCases.all + MountCases.all + AdversarialCases.all + VolumeCases.all + ImageCases.all

    /// The case of this id.
    public static func named(_ id: String) -> ConformanceCase? { all.first { $0.id == id } }
}
