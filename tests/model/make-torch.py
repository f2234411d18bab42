#!/usr/bin/env python3
"""Writes golden/weights.pth and golden/weights-old.pth with torch.save, in both of its layouts: element (i, j) of every
matrix is i + j / 16, element i of the vector is i. `make-torch.py FOLDER`; needs torch."""
import os
import sys

import torch


def matrix(rows, cols, dtype):
    return (torch.arange(rows)[:, None] + torch.arange(cols)[None, :] / 16).to(dtype)


wide = torch.full((9, 20), float('nan'), dtype=torch.float16)
wide[2:7, 3:17:2] = matrix(5, 7, torch.float16)
cube = matrix(6, 20, torch.float32).reshape(6, 4, 5)
state = {
    'dense': matrix(4, 6, torch.float32),
    'turned': matrix(5, 40, torch.bfloat16).t().contiguous().t(),
    'part': wide[2:7, 3:17:2],
    'cube': cube.permute(2, 0, 1).contiguous().permute(1, 2, 0),
    'vector': torch.stack([torch.arange(8.), -torch.ones(8)], 1)[:, 0],
    'ids': torch.arange(3),
}
assert not any(state[name].is_contiguous() for name in ('turned', 'part', 'cube', 'vector'))
torch.save(state, os.path.join(sys.argv[1], 'weights.pth'))
torch.save(state, os.path.join(sys.argv[1], 'weights-old.pth'), _use_new_zipfile_serialization=False)
