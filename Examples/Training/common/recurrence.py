"""h_t = f_t * h_(t-1) + i_t over a sequence, with its derivative written out: one pass forwards, one backwards."""
import torch


class _Recurrence(torch.autograd.Function):
    @staticmethod
    def forward(context, forget, new, first):
        states = torch.empty_like(new)
        last = first
        for index in range(new.shape[0]):
            torch.addcmul(new[index], forget[index], last, out=states[index])
            last = states[index]
        context.save_for_backward(forget, states, first)
        return states

    @staticmethod
    def backward(context, gradient):
        forget, states, first = context.saved_tensors
        total = torch.empty_like(gradient)
        total[-1] = gradient[-1]
        for index in range(gradient.shape[0] - 2, -1, -1):
            torch.addcmul(gradient[index], forget[index + 1], total[index + 1], out=total[index])
        forget_gradient = torch.empty_like(forget)
        torch.mul(total[1:], states[:-1], out=forget_gradient[1:])
        torch.mul(total[0], first, out=forget_gradient[0])
        return forget_gradient, total, total[0] * forget[0]


def recurrence(forget: torch.Tensor, new: torch.Tensor, first: torch.Tensor) -> torch.Tensor:
    """All states of [time, batch, width] gates and new values, from the state [batch, width] before them."""
    return _Recurrence.apply(forget, new, first)
