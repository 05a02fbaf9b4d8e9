namespace TigerGraphAuth
{
    /// <summary>
    /// What a diagnosis found. Contains no credential, so it can be shown to anybody.
    /// </summary>
    public sealed class DiagnosticReport
    {
        internal DiagnosticReport(ReportHandle report)
        {
            Text = NativeText.Read(NativeMethods.tg_report_text(report));
            Json = NativeText.Read(NativeMethods.tg_report_json(report));
        }

        /// <summary>
        /// For a person: the first line is the verdict and what to do, then come the steps and the settings.
        /// </summary>
        public string Text { get; }

        /// <summary>
        /// For a program: a JSON object with <c>ok</c>, <c>verdict</c>, <c>failure</c>, <c>warnings</c>, <c>steps</c>
        /// and <c>settings</c>. Later versions may add members; existing ones do not change.
        /// </summary>
        public string Json { get; }

        /// <summary>The same as <see cref="Text"/>.</summary>
        /// <returns>Text that may be shown to anybody.</returns>
        public override string ToString() => Text;
    }
}
