import CQuell

/// Which instructions the inner loops use.
///
/// Results differ from set to set by rounding alone; with each of them a step is deterministic, and leaving out events that carry
/// zero changes no bit.
public enum InstructionSet: UInt32, Sendable, CaseIterable {
  /// The fastest that the processor has.
  case automatic = 0
  /// What every processor has.
  case portable = 1
  /// x86 with AVX2, FMA and F16C.
  case avx2 = 2
  /// x86 with AVX-512 F, BW, DQ and VL.
  case avx512 = 3

  /// Whether this processor, and this build, have it.
  public var isAvailable: Bool {
    switch self {
    case .automatic, .portable: true
    case .avx2: quell_kernels_avx2() != nil
    case .avx512: quell_kernels_avx512() != nil
    }
  }

  /// What ``automatic`` stands for on this processor; any other set stands for itself.
  public var resolved: InstructionSet {
    guard self == .automatic else { return self }
    return InstructionSet.avx512.isAvailable ? .avx512 : InstructionSet.avx2.isAvailable ? .avx2 : .portable
  }

  /// The loops in C; nil where those in Swift are the ones.
  func kernels() throws(Failure) -> UnsafePointer<quell_kernels>? {
    guard isAvailable else {
      throw Failure(QUELL_UNSUPPORTED, "this processor or this build has no ").then(name).then("; let the instruction set be automatic")
    }
    return switch resolved {
    case .automatic, .portable: nil
    case .avx2: quell_kernels_avx2()
    case .avx512: quell_kernels_avx512()
    }
  }

  private var name: StaticString {
    switch self {
    case .automatic: "automatic"
    case .portable: "portable"
    case .avx2: "AVX2"
    case .avx512: "AVX-512"
    }
  }
}
